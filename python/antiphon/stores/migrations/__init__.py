"""Steps from each schema to the next, in order; a step that was released is never changed."""
