//! The public signatures of a crate whose error is a text: whoever calls them could only look into the message.

use syn::{
    Field, GenericArgument, ImplItemFn, ItemFn, ItemTrait, ItemType, PathArguments, PathSegment, Signature, Type,
    Visibility, visit::Visit,
};

use crate::modules::Crate;

/// `file: name` of each.
pub(crate) fn texts(source: &Crate) -> Vec<String> {
    let mut all = Vec::new();
    for module in source.modules.values() {
        let mut found = Public(Vec::new());
        module.items.iter().for_each(|item| found.visit_item(item));
        all.extend(found.0.into_iter().map(|name| format!("{}: {name}", module.file.display())));
    }
    all
}

/// What is `pub` as such; what is public to a part of the crate may have texts of its own.
struct Public(Vec<String>);

impl Public {
    fn look(&mut self, name: &syn::Ident, at: impl FnOnce(&mut Texts)) {
        let mut texts = Texts(false);
        at(&mut texts);
        if texts.0 {
            self.0.push(name.to_string());
        }
    }

    fn signature(&mut self, signature: &Signature) {
        self.look(&signature.ident, |texts| texts.visit_signature(signature));
    }
}

impl<'ast> Visit<'ast> for Public {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if is_public(&function.vis) {
            self.signature(&function.sig);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if is_public(&function.vis) {
            self.signature(&function.sig);
        }
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        if is_public(&item.vis) {
            self.look(&item.ident, |texts| texts.visit_item_trait(item));
        }
    }

    fn visit_item_type(&mut self, item: &'ast ItemType) {
        if is_public(&item.vis) {
            self.look(&item.ident, |texts| texts.visit_type(&item.ty));
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if let Some(name) = field.ident.as_ref().filter(|_| is_public(&field.vis)) {
            self.look(name, |texts| texts.visit_type(&field.ty));
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Whether `Result<_, String>` is somewhere inside.
struct Texts(bool);

impl<'ast> Visit<'ast> for Texts {
    fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
        if let ("Result", PathArguments::AngleBracketed(arguments)) = (&*segment.ident.to_string(), &segment.arguments)
        {
            let error = arguments.args.iter().nth(1);
            self.0 |= matches!(error, Some(GenericArgument::Type(Type::Path(error))) if error.path.is_ident("String"));
        }
        syn::visit::visit_path_segment(self, segment);
    }

    /// Bodies have what they like.
    fn visit_block(&mut self, _: &'ast syn::Block) {}
}
