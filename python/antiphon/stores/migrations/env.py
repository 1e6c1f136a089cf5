"""What Alembic runs to migrate: always within the transaction of the connection it is given."""

from alembic import context

from antiphon.stores.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    compare_type=True,
)
context.run_migrations()
