//! From tokens to a query, by recursive descent.

use serde_json::Value;
use tandem_sdk::prelude::*;

use super::lexer::{Token, error, lex};
use super::syntax::{Expression, Hop, Item, Node, Pattern, Query, conjuncts};
use crate::limits::{MAX_EXPRESSION_DEPTH, MAX_HOPS, MAX_PATTERN_PARTS, MAX_QUERY_BYTES};
use crate::model::Properties;

struct Parser<'q> {
    text: &'q str,
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    invented: usize,
    parameters: &'q Properties,
}

/// The query that a text is.
pub(super) fn parse(text: &str, parameters: &Properties) -> Result<Query> {
    if text.len() > MAX_QUERY_BYTES {
        let text =
            format!("`query` has {} bytes; the bound is {MAX_QUERY_BYTES}: use parameters for long values", text.len());
        return Err(Error::invalid_arguments(text));
    }
    Parser { text, tokens: lex(text)?, at: 0, depth: 0, invented: 0, parameters }.query()
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(_, token)| token)
    }

    fn position(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |(at, _)| *at)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(other) if *other == sign);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(other) if other.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn fail<T>(&self, wanted: &str) -> Result<T> {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::Word(word) | Token::Quoted(word) | Token::Text(word) => {
                format!("`{}`", crate::graph::shortened(word))
            }
            Token::Parameter(name) => format!("`${name}`"),
            Token::Integer(_) | Token::Float(_) => "a number".to_owned(),
        };
        Err(error(self.position(), format!("expected {wanted}, found {found}")))
    }

    fn expect(&mut self, sign: &str) -> Result<()> {
        if self.sign(sign) { Ok(()) } else { self.fail(&format!("`{sign}`")) }
    }

    fn name(&mut self, what: &str) -> Result<String> {
        match self.peek() {
            Token::Word(name) | Token::Quoted(name) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => self.fail(what),
        }
    }

    fn query(&mut self) -> Result<Query> {
        let mut query = Query::default();
        while self.word("MATCH") {
            loop {
                query.patterns.push(self.pattern()?);
                if !self.sign(",") {
                    break;
                }
            }
            if self.word("WHERE") {
                let condition = self.expression(0)?;
                conjuncts(condition, &mut query.condition);
            }
        }
        if query.patterns.is_empty() || !self.word("RETURN") {
            return self.fail(
                "`MATCH`, `WHERE` or `RETURN`; a query only reads, and has no `OPTIONAL`, `WITH`, `UNWIND` and `CALL`",
            );
        }
        let parts: usize = query.patterns.iter().map(|pattern| 1 + 2 * pattern.rest.len()).sum();
        if parts > MAX_PATTERN_PARTS {
            let text = format!("`query` has {parts} nodes and relationships; the bound is {MAX_PATTERN_PARTS}");
            return Err(Error::invalid_arguments(text));
        }
        self.returns(&mut query)?;
        self.sign(";");
        if *self.peek() == Token::End { Ok(query) } else { self.fail("`ORDER BY`, `SKIP`, `LIMIT` or the end") }
    }

    fn returns(&mut self, query: &mut Query) -> Result<()> {
        query.distinct = self.word("DISTINCT");
        loop {
            let start = self.position();
            let expression = self.expression(0)?;
            let written = self.text.get(start..self.position()).unwrap_or_default().trim().to_owned();
            let name = if self.word("AS") { self.name("a column's name")? } else { written };
            query.items.push(Item { name, expression });
            if !self.sign(",") {
                break;
            }
        }
        if self.word("ORDER") {
            if !self.word("BY") {
                return self.fail("`BY`");
            }
            loop {
                let expression = self.expression(0)?;
                let descending = self.word("DESC") || self.word("DESCENDING");
                if !descending && !self.word("ASC") {
                    self.word("ASCENDING");
                }
                query.order.push((expression, descending));
                if !self.sign(",") {
                    break;
                }
            }
        }
        if self.word("SKIP") {
            query.skip = self.count()?;
        }
        if self.word("LIMIT") {
            query.limit = Some(self.count()?);
        }
        Ok(())
    }

    fn count(&mut self) -> Result<usize> {
        let count = match self.primary()? {
            Expression::Literal(value) => value.as_u64().and_then(|count| usize::try_from(count).ok()),
            _ => None,
        };
        count.map_or_else(|| self.fail("an integer from 0 on before this"), Ok)
    }

    fn variable(&mut self) -> String {
        if let Token::Word(name) | Token::Quoted(name) = self.peek().clone() {
            self.at += 1;
            return name;
        }
        self.invented += 1;
        // With a space, which no variable has.
        format!(" {}", self.invented)
    }

    fn pattern(&mut self) -> Result<Pattern> {
        let first = self.node()?;
        let mut rest = Vec::new();
        while matches!(self.peek(), Token::Sign("-" | "<")) {
            rest.push((self.hop()?, self.node()?));
        }
        Ok(Pattern { first, rest })
    }

    fn node(&mut self) -> Result<Node> {
        self.expect("(")?;
        let variable = self.variable();
        let kinds = self.kinds()?;
        let properties = self.properties()?;
        self.expect(")")?;
        Ok(Node { variable, kinds, properties })
    }

    fn kinds(&mut self) -> Result<Vec<String>> {
        let mut kinds = Vec::new();
        if self.sign(":") {
            loop {
                kinds.push(self.name("a type")?);
                if !self.sign("|") {
                    break;
                }
                self.sign(":");
            }
        }
        Ok(kinds)
    }

    fn properties(&mut self) -> Result<Vec<(String, Expression)>> {
        let mut properties = Vec::new();
        if self.sign("{") {
            while !self.sign("}") {
                let name = self.name("a property's name")?;
                self.expect(":")?;
                properties.push((name, self.expression(0)?));
                if !self.sign(",") && !matches!(self.peek(), Token::Sign("}")) {
                    return self.fail("`,` or `}`");
                }
            }
        }
        Ok(properties)
    }

    fn hop(&mut self) -> Result<Hop> {
        let arrives = self.sign("<");
        self.expect("-")?;
        let mut hop = Hop { arrives, ..Hop::default() };
        if self.sign("[") {
            hop.variable = self.variable();
            hop.kinds = self.kinds()?;
            if self.sign("*") {
                hop.range = Some(self.range()?);
            }
            hop.properties = self.properties()?;
            self.expect("]")?;
        } else {
            self.invented += 1;
            hop.variable = format!(" {}", self.invented);
        }
        self.expect("-")?;
        hop.leaves = self.sign(">");
        if !hop.leaves && !hop.arrives {
            (hop.leaves, hop.arrives) = (true, true);
        }
        Ok(hop)
    }

    fn range(&mut self) -> Result<(u32, u32)> {
        let at = self.position();
        let least = self.hops();
        let most = if self.sign("..") { self.hops() } else { least };
        let least = least.unwrap_or(1);
        match most {
            Some(most) if most <= MAX_HOPS && least <= most => Ok((least, most)),
            _ => Err(error(at, format!("a path needs bounds of at most {MAX_HOPS}, as `*1..4`"))),
        }
    }

    fn hops(&mut self) -> Option<u32> {
        let Token::Integer(hops) = self.peek() else { return None };
        let hops = u32::try_from(*hops).unwrap_or(u32::MAX);
        self.at += 1;
        Some(hops)
    }

    fn operator(&mut self) -> Option<(&'static str, u8)> {
        let found = match self.peek() {
            Token::Sign("=") => ("=", 4),
            Token::Sign("<>") => ("<>", 4),
            Token::Sign("<") => ("<", 4),
            Token::Sign("<=") => ("<=", 4),
            Token::Sign(">") => (">", 4),
            Token::Sign(">=") => (">=", 4),
            Token::Sign("+") => ("+", 5),
            Token::Sign("-") => ("-", 5),
            Token::Sign("*") => ("*", 6),
            Token::Sign("/") => ("/", 6),
            Token::Sign("%") => ("%", 6),
            Token::Word(word) => match word.to_ascii_uppercase().as_str() {
                "OR" => ("OR", 1),
                "AND" => ("AND", 2),
                "IN" => ("IN", 4),
                "CONTAINS" => ("CONTAINS", 4),
                "STARTS" => ("STARTS", 4),
                "ENDS" => ("ENDS", 4),
                "IS" => ("IS", 4),
                _ => return None,
            },
            _ => return None,
        };
        Some(found)
    }

    /// An expression whose operators bind tighter than `least`.
    fn expression(&mut self, least: u8) -> Result<Expression> {
        self.depth += 1;
        if self.depth > MAX_EXPRESSION_DEPTH {
            return Err(error(self.position(), format!("expressions nest deeper than {MAX_EXPRESSION_DEPTH} levels")));
        }
        let mut left = if self.word("NOT") {
            Expression::Unary("NOT", Box::new(self.expression(3)?))
        } else if self.sign("-") {
            Expression::Unary("-", Box::new(self.expression(6)?))
        } else {
            self.primary()?
        };
        let mut operators = 0;
        while let Some((operator, binds)) = self.operator()
            && binds > least
        {
            // A chain makes a tree as deep as it is long.
            operators += 1;
            if operators > MAX_EXPRESSION_DEPTH {
                return Err(error(
                    self.position(),
                    format!("more than {MAX_EXPRESSION_DEPTH} operators in a row; use `IN`"),
                ));
            }
            self.at += 1;
            left = self.operation(left, operator, binds)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operation(&mut self, left: Expression, operator: &'static str, binds: u8) -> Result<Expression> {
        if operator == "IS" {
            let not = self.word("NOT");
            if !self.word("NULL") {
                return self.fail("`NULL` or `NOT NULL`");
            }
            return Ok(Expression::Unary(if not { "IS NOT NULL" } else { "IS NULL" }, Box::new(left)));
        }
        if matches!(operator, "STARTS" | "ENDS") && !self.word("WITH") {
            return self.fail("`WITH`");
        }
        Ok(Expression::Binary(operator, Box::new(left), Box::new(self.expression(binds)?)))
    }

    fn primary(&mut self) -> Result<Expression> {
        let at = self.position();
        let mut value = match self.next() {
            Token::Text(text) => Expression::Literal(Value::String(text)),
            Token::Integer(number) => Expression::Literal(number.into()),
            Token::Float(number) => Expression::Literal(number.into()),
            Token::Parameter(name) => match self.parameters.get(&name) {
                Some(value) => Expression::Literal(value.clone()),
                None => return Err(error(at, format!("`parameters` has no `{name}`"))),
            },
            Token::Sign("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                inner
            }
            Token::Sign("[") => Expression::List(self.arguments("]")?),
            Token::Quoted(name) => Expression::Variable(name),
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "true" => Expression::Literal(Value::Bool(true)),
                "false" => Expression::Literal(Value::Bool(false)),
                "null" => Expression::Literal(Value::Null),
                lower if self.sign("(") => {
                    let distinct = self.word("DISTINCT");
                    if lower == "count" && self.sign("*") {
                        self.expect(")")?;
                        Expression::Call("count".to_owned(), false, Vec::new())
                    } else {
                        Expression::Call(lower.to_owned(), distinct, self.arguments(")")?)
                    }
                }
                _ => Expression::Variable(word),
            },
            _ => {
                self.at -= 1;
                return self.fail("a value");
            }
        };
        for _ in 0..MAX_EXPRESSION_DEPTH {
            if !self.sign(".") {
                break;
            }
            value = Expression::Property(Box::new(value), self.name("a property's name")?);
        }
        Ok(value)
    }

    fn arguments(&mut self, end: &str) -> Result<Vec<Expression>> {
        let mut items = Vec::new();
        while !self.sign(end) {
            items.push(self.expression(0)?);
            if !self.sign(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }
}
