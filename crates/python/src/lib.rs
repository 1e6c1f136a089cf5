//! The Python module `antiphon._native`: engine, events, numbers. It turns Python's arguments into
//! commands and events into Python objects, and decides nothing.

mod engine;
mod events;
mod phone;
mod sip;
mod sip_events;
mod sip_flow;
mod sip_message;
mod sip_udp;
mod streams;
mod streams_events;
mod streams_pipe;
mod streams_stanza;

use pyo3::prelude::*;

/// The version of this module.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(version, module)?)?;
    module.add_function(wrap_pyfunction!(phone::sdes_new, module)?)?;
    module.add_function(wrap_pyfunction!(phone::sdes_suite, module)?)?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<phone::PhoneMedia>()?;
    sip::add(module)?;
    streams::add(module)?;
    events::add(module)
}
