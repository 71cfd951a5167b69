//! `#[data]`, `#[input]`, `#[output]`: the derives, through the paths of tandem-sdk.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Item};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Input,
    Output,
    Both,
}

pub(crate) fn expand(direction: Direction, arguments: TokenStream, item: TokenStream) -> TokenStream {
    if !arguments.is_empty() {
        let error = Error::new_spanned(arguments, "this attribute takes no arguments; use `#[serde(…)]` on the type");
        return with_item(error, &item);
    }
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Struct(_) | Item::Enum(_)) => {}
        Ok(_) => {
            return with_item(Error::new_spanned(&item, "only a struct or an enum can cross to the client"), &item);
        }
        Err(error) => return error.into_compile_error(),
    }
    let serialize = (direction != Direction::Input).then(|| quote!(::tandem_sdk::serde::Serialize,));
    let deserialize = (direction != Direction::Output).then(|| quote!(::tandem_sdk::serde::Deserialize,));
    quote! {
        #[derive(#serialize #deserialize ::tandem_sdk::schemars::JsonSchema)]
        #[serde(crate = "::tandem_sdk::serde")]
        #[schemars(crate = "::tandem_sdk::schemars")]
        #item
    }
}

fn with_item(error: Error, item: &TokenStream) -> TokenStream {
    let error = error.into_compile_error();
    quote!(#error #item)
}
