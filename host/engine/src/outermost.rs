//! What stands in a component's bytes itself, and not in the modules and components inside: known before it is compiled.

use wasmparser::{Parser, Payload};

/// The interface by which a call is suspended to ask its client.
const CLIENT: &str = "tandem:host/client@";

/// The payloads of the outermost component, up to the first that is none.
pub(crate) fn payloads(component: &[u8]) -> impl Iterator<Item = Payload<'_>> {
    let mut depth = 0_usize;
    let all = Parser::new(0).parse_all(component).map_while(Result::ok);
    all.filter(move |payload| {
        let outermost = depth == 0;
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        outermost
    })
}

/// Whether a component imports the interface by which a call is suspended.
pub(crate) fn uses_client(component: &[u8]) -> bool {
    payloads(component).any(|payload| match payload {
        Payload::ComponentImportSection(imports) => {
            imports.into_iter().flatten().any(|import| import.name.name.starts_with(CLIENT))
        }
        _ => false,
    })
}
