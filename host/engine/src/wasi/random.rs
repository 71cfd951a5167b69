//! Random bytes in pieces, with others served in between.
//!
//! The largest wish of a guest takes milliseconds, for which it would hold a thread that serves: each piece is charged to the
//! call, and the call ends at the first one over its budget.

use wasmtime::{
    StoreContextMut,
    component::{Linker, LinkerInstance},
};
use wasmtime_wasi::{
    WasiView as _,
    p2::bindings::random::{insecure::Host as _, random::Host as _},
    random::WasiRandomCtx,
};

use super::limits::MAX_RANDOM;
use crate::state::CallState;

/// Bytes between two of them: some ten microseconds.
const PIECE: u64 = 16 << 10;
/// As wasmtime-wasi names them: what is defined under another version's name would stand beside them.
const SECURE: &str = "wasi:random/random@0.2.12";
const INSECURE: &str = "wasi:random/insecure@0.2.12";

type Piece = fn(&mut WasiRandomCtx, u64) -> wasmtime::Result<Vec<u8>>;
type Number = fn(&mut WasiRandomCtx) -> wasmtime::Result<u64>;

/// Puts our functions in the place of wasmtime-wasi's.
pub(super) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    let mut secure = linker.instance(SECURE)?;
    bytes(&mut secure, "get-random-bytes", |random, length| random.get_random_bytes(length))?;
    number(&mut secure, "get-random-u64", |random| random.get_random_u64())?;
    let mut insecure = linker.instance(INSECURE)?;
    bytes(&mut insecure, "get-insecure-random-bytes", |random, length| random.get_insecure_random_bytes(length))?;
    number(&mut insecure, "get-insecure-random-u64", |random| random.get_insecure_random_u64())
}

fn bytes(linker: &mut LinkerInstance<'_, CallState>, name: &str, piece: Piece) -> wasmtime::Result<()> {
    linker.func_wrap_async(name, move |store: StoreContextMut<'_, CallState>, (length,): (u64,)| {
        Box::new(async move { Ok((in_pieces(store, length, piece).await?,)) })
    })
}

fn number(linker: &mut LinkerInstance<'_, CallState>, name: &str, number: Number) -> wasmtime::Result<()> {
    linker.func_wrap(name, move |mut store: StoreContextMut<'_, CallState>, (): ()| {
        Ok((number(store.data_mut().ctx().ctx.random())?,))
    })
}

async fn in_pieces(mut store: StoreContextMut<'_, CallState>, length: u64, piece: Piece) -> wasmtime::Result<Vec<u8>> {
    if length > MAX_RANDOM {
        return Err(wasmtime::format_err!("{length} random bytes are wanted at once; ask for at most {MAX_RANDOM}"));
    }
    let mut all = piece(store.data_mut().ctx().ctx.random(), length.min(PIECE))?;
    while (all.len() as u64) < length {
        tokio::task::yield_now().await;
        let next = (length - all.len() as u64).min(PIECE);
        all.extend(piece(store.data_mut().ctx().ctx.random(), next)?);
    }
    Ok(all)
}
