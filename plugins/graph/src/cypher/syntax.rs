//! The parts of a query.

use serde_json::Value;

/// A node of a pattern.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// Its variable; an invented one where none is given.
    pub(super) variable: String,
    pub(super) kinds: Vec<String>,
    pub(super) properties: Vec<(String, Expression)>,
}

/// A relationship of a pattern.
#[derive(Clone, Debug, Default)]
pub(super) struct Hop {
    pub(super) variable: String,
    pub(super) kinds: Vec<String>,
    pub(super) properties: Vec<(String, Expression)>,
    pub(super) leaves: bool,
    pub(super) arrives: bool,
    /// Least and most relationships in a row, for `*1..3`.
    pub(super) range: Option<(u32, u32)>,
}

/// A row of nodes with relationships between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Pattern {
    pub(super) first: Node,
    pub(super) rest: Vec<(Hop, Node)>,
}

/// An expression.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Literal(Value),
    Variable(String),
    Property(Box<Expression>, String),
    List(Vec<Expression>),
    Unary(&'static str, Box<Expression>),
    Binary(&'static str, Box<Expression>, Box<Expression>),
    /// Name in lower case, whether `DISTINCT`, arguments; none of them for `count(*)`.
    Call(String, bool, Vec<Expression>),
}

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) expression: Expression,
}

/// A query.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    pub(super) patterns: Vec<Pattern>,
    pub(super) condition: Vec<Expression>,
    pub(super) distinct: bool,
    pub(super) items: Vec<Item>,
    /// Expressions and whether descending.
    pub(super) order: Vec<(Expression, bool)>,
    pub(super) skip: usize,
    pub(super) limit: Option<usize>,
}

/// Functions that make one value of many rows.
pub(super) const AGGREGATES: [&str; 6] = ["count", "collect", "sum", "avg", "min", "max"];

impl Expression {
    /// Visits this expression and all in it.
    pub(super) fn visit<'e>(&'e self, visitor: &mut dyn FnMut(&'e Expression)) {
        visitor(self);
        match self {
            Self::Literal(_) | Self::Variable(_) => {}
            Self::Property(of, _) | Self::Unary(_, of) => of.visit(visitor),
            Self::Binary(_, a, b) => {
                a.visit(visitor);
                b.visit(visitor);
            }
            Self::List(items) | Self::Call(_, _, items) => items.iter().for_each(|item| item.visit(visitor)),
        }
    }

    /// Whether it is made of many rows.
    pub(super) fn aggregates(&self) -> bool {
        let mut found = false;
        self.visit(&mut |e| found |= matches!(e, Self::Call(name, ..) if AGGREGATES.contains(&name.as_str())));
        found
    }
}

/// The conditions that `AND` joins, which can be tested one by one.
pub(super) fn conjuncts(condition: Expression, into: &mut Vec<Expression>) {
    match condition {
        Expression::Binary("AND", a, b) => {
            conjuncts(*a, into);
            conjuncts(*b, into);
        }
        other => into.push(other),
    }
}
