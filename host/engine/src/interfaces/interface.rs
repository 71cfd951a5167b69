//! What an interface that guests import has to be.

use wasmtime::component::Linker;

use crate::state::CallState;

/// An interface that guests may import. Another crate brings one of its own so: it generates the binding from its WIT, implements it
/// over [`CallState`], and hands it to [`Engine::new`](crate::Engine::new).
pub trait HostInterface: Send + Sync {
    /// Its name in WIT without the version, as `tandem:host/log`.
    fn name(&self) -> &'static str;

    /// Adds its functions to the linker of all plugins.
    ///
    /// # Errors
    /// Another interface has the name.
    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()>;
}
