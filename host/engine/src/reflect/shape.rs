//! What values a WIT type has: a tree of our own, made once at load, so that a call's work depends on nothing else.
//!
//! **Bounds.** [`MAX_NODES`] and [`MAX_DEPTH`]: a type may name another one often, and unfolded it grows exponentially.
//! **Refuses** what has no JSON: resources, streams, futures, error contexts.

use std::sync::Arc;

use wasmtime::component::{ResourceType, Type};

use super::docs::TypeDocs;

/// Most parts of one function's types, unfolded. A schema of more is over what a package may have.
pub(crate) const MAX_NODES: usize = 2_000;
/// Deepest nesting. Values are converted by recursion, on a stack that others need too.
pub(crate) const MAX_DEPTH: usize = 32;

/// An integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are WIT's")]
pub(crate) enum Int {
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
}

impl Int {
    /// Its least and its greatest value.
    pub(crate) fn range(self) -> (i128, i128) {
        match self {
            Self::S8 => (i8::MIN.into(), i8::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::S16 => (i16::MIN.into(), i16::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::S32 => (i32::MIN.into(), i32::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::S64 => (i64::MIN.into(), i64::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
        }
    }

    /// Whether it has values that a JSON number may lose.
    pub(crate) fn is_wide(self) -> bool {
        matches!(self, Self::S64 | Self::U64)
    }
}

/// A field of a record, or a case of a variant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member<T> {
    pub(crate) name: Arc<str>,
    pub(crate) docs: Option<Arc<str>>,
    pub(crate) shape: T,
}

/// The values of a WIT type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Bool,
    Int(Int),
    Float32,
    Float64,
    Char,
    Text,
    /// `list<u8>`.
    Bytes,
    List(Box<Shape>),
    Tuple(Vec<Shape>),
    Record {
        docs: Option<Arc<str>>,
        fields: Vec<Member<Shape>>,
    },
    Variant {
        docs: Option<Arc<str>>,
        cases: Vec<Member<Option<Shape>>>,
    },
    Enum {
        docs: Option<Arc<str>>,
        cases: Vec<Member<()>>,
    },
    Flags {
        docs: Option<Arc<str>>,
        flags: Vec<Member<()>>,
    },
    Option(Box<Shape>),
    Result(Option<Box<Shape>>, Option<Box<Shape>>),
}

/// What the exports say about types beside their structure.
#[derive(Default)]
pub(crate) struct Names<'d> {
    /// Exported types with their documentation, if they have one.
    pub(crate) types: Vec<(Type, Option<&'d TypeDocs>)>,
    /// Exported resources.
    pub(crate) resources: Vec<(ResourceType, String)>,
}

impl Names<'_> {
    /// The documentation of a type, where only one type of this structure has one.
    fn docs(&self, ty: &Type) -> Option<&TypeDocs> {
        let mut found = self.types.iter().filter(|(named, _)| named == ty).map(|(_, docs)| *docs);
        found.next().filter(|_| found.next().is_none()).flatten()
    }

    fn resource(&self, ty: ResourceType) -> String {
        let named = self.resources.iter().find(|(known, _)| *known == ty);
        named.map_or_else(|| "a resource".to_owned(), |(_, name)| format!("the resource `{name}`"))
    }
}

/// Unfolds the types of one function.
pub(crate) struct Unfold<'a> {
    names: &'a Names<'a>,
    nodes: usize,
}

impl<'a> Unfold<'a> {
    pub(crate) fn new(names: &'a Names<'a>) -> Self {
        Self { names, nodes: 0 }
    }

    /// The shape of a type; the error says which type has none.
    pub(crate) fn shape(&mut self, ty: &Type) -> Result<Shape, String> {
        self.at(ty, 0)
    }

    fn at(&mut self, ty: &Type, depth: usize) -> Result<Shape, String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(format!("types of more than {MAX_NODES} parts"));
        }
        if depth > MAX_DEPTH {
            return Err(format!("a type that is nested more than {MAX_DEPTH} deep"));
        }
        let depth = depth + 1;
        Ok(match ty {
            Type::Bool => Shape::Bool,
            Type::S8 => Shape::Int(Int::S8),
            Type::U8 => Shape::Int(Int::U8),
            Type::S16 => Shape::Int(Int::S16),
            Type::U16 => Shape::Int(Int::U16),
            Type::S32 => Shape::Int(Int::S32),
            Type::U32 => Shape::Int(Int::U32),
            Type::S64 => Shape::Int(Int::S64),
            Type::U64 => Shape::Int(Int::U64),
            Type::Float32 => Shape::Float32,
            Type::Float64 => Shape::Float64,
            Type::Char => Shape::Char,
            Type::String => Shape::Text,
            Type::List(list) => match list.ty() {
                Type::U8 => Shape::Bytes,
                element => Shape::List(Box::new(self.at(&element, depth)?)),
            },
            Type::Tuple(tuple) => Shape::Tuple(tuple.types().map(|ty| self.at(&ty, depth)).collect::<Result<_, _>>()?),
            Type::Option(option) => Shape::Option(Box::new(self.at(&option.ty(), depth)?)),
            Type::Result(result) => {
                let mut part = |ty: Option<Type>| ty.map(|ty| self.at(&ty, depth).map(Box::new)).transpose();
                Shape::Result(part(result.ok())?, part(result.err())?)
            }
            Type::Record(_) | Type::Variant(_) | Type::Enum(_) | Type::Flags(_) => self.named(ty, depth)?,
            Type::Own(resource) | Type::Borrow(resource) => return Err(self.names.resource(*resource)),
            Type::Future(_) => return Err("a future".to_owned()),
            Type::Stream(_) => return Err("a stream".to_owned()),
            Type::ErrorContext => return Err("an error-context".to_owned()),
            Type::Map(_) => return Err("a map".to_owned()),
            Type::FixedLengthList(_) => return Err("a list of fixed length".to_owned()),
        })
    }

    /// The kinds of types that have names, and so documentation.
    fn named(&mut self, ty: &Type, depth: usize) -> Result<Shape, String> {
        // Not through `self`, which the parts need.
        let names = self.names;
        let known = names.docs(ty);
        let docs = known.and_then(TypeDocs::text);
        let of = |name: &str| known.and_then(|docs| docs.item(name));
        let plain = |names: &mut dyn Iterator<Item = &str>| {
            names.map(|name| Member { name: name.into(), docs: of(name), shape: () }).collect::<Vec<_>>()
        };
        Ok(match ty {
            Type::Record(record) => {
                let field = |field: wasmtime::component::types::Field<'_>| {
                    Ok(Member { name: field.name.into(), docs: of(field.name), shape: self.at(&field.ty, depth)? })
                };
                Shape::Record { docs, fields: record.fields().map(field).collect::<Result<_, String>>()? }
            }
            Type::Variant(variant) => {
                let case = |case: wasmtime::component::types::Case<'_>| {
                    let shape = case.ty.map(|ty| self.at(&ty, depth)).transpose()?;
                    Ok(Member { name: case.name.into(), docs: of(case.name), shape })
                };
                Shape::Variant { docs, cases: variant.cases().map(case).collect::<Result<_, String>>()? }
            }
            Type::Enum(cases) => {
                self.nodes += cases.names().len();
                Shape::Enum { docs, cases: plain(&mut cases.names()) }
            }
            Type::Flags(flags) => {
                self.nodes += flags.names().len();
                Shape::Flags { docs, flags: plain(&mut flags.names()) }
            }
            _ => return Err("a type without a name".to_owned()),
        })
    }
}
