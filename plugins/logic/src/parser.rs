//! Reads formulas by operator precedence with a stack of its own, so that nesting uses no stack of the guest.

use crate::formula::{Formula, Modal, Quantifier, Term};
use crate::lexer::{Binary, Notation, Spanned, Token, is_variable, tokens};
use crate::limits::{MAX_ARGUMENTS, MAX_DEPTH, MAX_TERM_DEPTH, MAX_TEXT_BYTES};

/// What is expected after an argument.
const ARGUMENTS_END: &str = "`,` or `)`";

/// What waits for an operand to its right.
enum Op {
    Open(Token),
    Not,
    Modal(Modal),
    Binary(Binary),
    /// A quantifier; with a dot it reaches as far as possible.
    Quantifier(Quantifier, Vec<String>, bool),
}

impl Op {
    /// Higher binds tighter.
    fn precedence(&self) -> u8 {
        match self {
            Self::Open(_) => 0,
            Self::Quantifier(_, _, true) => 1,
            Self::Binary(binary) => precedence(*binary),
            Self::Not | Self::Modal(_) | Self::Quantifier(_, _, false) => 7,
        }
    }
}

fn precedence(binary: Binary) -> u8 {
    match binary {
        Binary::Iff | Binary::Xor => 2,
        Binary::Implies | Binary::ImpliedBy => 3,
        Binary::Or => 4,
        Binary::And => 5,
    }
}

/// A formula from its text.
pub(crate) fn parse(text: &str, notation: Notation) -> Result<Formula, String> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!("the formula has {} bytes; at most {MAX_TEXT_BYTES} are read", text.len()));
    }
    let tokens = tokens(text, notation)?;
    let mut parser = Parser::new(&tokens, notation);
    let formula = parser.formula()?;
    match parser.peek() {
        None => Ok(formula),
        Some(_) => Err(parser.unexpected("the end")),
    }
}

/// The state of reading.
pub(crate) struct Parser<'a> {
    tokens: &'a [Spanned],
    next: usize,
    notation: Notation,
    operands: Vec<(Formula, usize)>,
    ops: Vec<Op>,
    bound: Vec<String>,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(tokens: &'a [Spanned], notation: Notation) -> Self {
        Self { tokens, next: 0, notation, operands: Vec::new(), ops: Vec::new(), bound: Vec::new() }
    }

    pub(crate) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    pub(crate) fn take(&mut self) -> Option<&'a Token> {
        let token = self.peek();
        self.next += 1;
        token
    }

    /// Takes the token if it is this one.
    pub(crate) fn eat(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, token: &Token, what: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(self.unexpected(what)) }
    }

    pub(crate) fn unexpected(&self, expected: &str) -> String {
        let Some((token, at)) = self.tokens.get(self.next) else {
            return format!("the formula ends where {expected} is expected");
        };
        let within = expected == ARGUMENTS_END && self.notation == Notation::Textbook { deontic: false };
        let hint =
            if within { "; for the deontic operators write O[…], P[…] or F[…], or set `deontic`" } else { "" };
        format!("character {at}: {expected} is expected, not {}{hint}", describe(token))
    }

    /// The formula that starts here, up to a token that cannot be part of it.
    pub(crate) fn formula(&mut self) -> Result<Formula, String> {
        loop {
            if !self.operand()? {
                continue;
            }
            // An operand is complete: close what is closed, then an operator or the end.
            while let Some(token @ (Token::Close | Token::CloseSquare)) = self.peek() {
                if !self.close(token)? {
                    return self.finish();
                }
            }
            match self.peek() {
                Some(Token::Binary(binary)) => {
                    self.next += 1;
                    self.reduce_for(*binary)?;
                    self.ops.push(Op::Binary(*binary));
                }
                _ => return self.finish(),
            }
        }
    }

    /// Reads one piece where an operand is expected. Answers whether the operand is complete.
    fn operand(&mut self) -> Result<bool, String> {
        let Some(token) = self.peek() else { return Err(self.unexpected("a formula")) };
        match token {
            Token::Not => self.ops.push(Op::Not),
            Token::Bang if self.notation != Notation::Tptp => self.ops.push(Op::Not),
            Token::Open | Token::OpenSquare => self.ops.push(Op::Open(token.clone())),
            Token::Modal(modal) => self.ops.push(Op::Modal(*modal)),
            Token::Bang => return self.quantifier(Quantifier::All),
            Token::Quantifier(quantifier) => return self.quantifier(*quantifier),
            Token::True | Token::False => {
                self.next += 1;
                self.operands.push((if *token == Token::True { Formula::True } else { Formula::False }, 1));
                return Ok(true);
            }
            Token::Name(_) | Token::Quoted(_) => {
                let atom = self.atom()?;
                self.operands.push((atom, 1));
                return Ok(true);
            }
            _ => return Err(self.unexpected("a formula")),
        }
        self.next += 1;
        Ok(false)
    }

    fn quantifier(&mut self, quantifier: Quantifier) -> Result<bool, String> {
        self.next += 1;
        let square = self.eat(&Token::OpenSquare);
        let mut variables = Vec::new();
        loop {
            match self.peek() {
                Some(Token::Name(name)) => variables.push(name.clone()),
                _ if square || variables.is_empty() => return Err(self.unexpected("a variable")),
                _ => break,
            }
            self.next += 1;
            // Without a comma or a dot, one variable is bound: `∀x P(x)`.
            if !self.eat(&Token::Comma) {
                break;
            }
        }
        if square {
            self.expect(&Token::CloseSquare, "`]`")?;
        }
        let dot = match self.peek() {
            Some(Token::Dot | Token::Colon) => {
                self.next += 1;
                self.notation != Notation::Tptp
            }
            // `forall x y. p`: more variables up to the dot.
            Some(Token::Name(_)) if !square => self.more_variables(&mut variables),
            _ => false,
        };
        if self.notation == Notation::Tptp && variables.iter().any(|name| !starts_upper(name)) {
            return Err("variables of TPTP begin with a capital letter".to_owned());
        }
        self.bound.extend(variables.iter().cloned());
        self.ops.push(Op::Quantifier(quantifier, variables, dot));
        Ok(false)
    }

    /// Takes names up to a dot as variables; takes nothing where no dot follows.
    fn more_variables(&mut self, variables: &mut Vec<String>) -> bool {
        let rest = self.tokens.get(self.next..).unwrap_or_default();
        let names = rest.iter().take_while(|(token, _)| matches!(token, Token::Name(_))).count();
        if !matches!(rest.get(names), Some((Token::Dot | Token::Colon, _))) {
            return false;
        }
        variables.extend(rest.iter().take(names).filter_map(|(token, _)| match token {
            Token::Name(name) => Some(name.clone()),
            _ => None,
        }));
        self.next += names + 1;
        true
    }

    fn atom(&mut self) -> Result<Formula, String> {
        let at = self.tokens.get(self.next).map_or(0, |(_, at)| *at);
        let left = self.term(0)?;
        let equal = self.eat(&Token::Equal);
        if equal || self.eat(&Token::NotEqual) {
            let right = self.term(0)?;
            let atom = Formula::Equal(left, right);
            return Ok(if equal { atom } else { atom.not() });
        }
        match left {
            Term::App(name, args) => Ok(Formula::Pred(name, args)),
            Term::Var(name) if self.bound.contains(&name) || self.notation == Notation::Tptp => Err(format!(
                "character {at}: `{name}` is a variable, and a formula is expected here (with `deontic`, O, P and F stand for \
                 obligation, permission and prohibition)"
            )),
            Term::Var(name) => Ok(Formula::Pred(name, Vec::new())),
        }
    }

    fn term(&mut self, depth: usize) -> Result<Term, String> {
        if depth > MAX_TERM_DEPTH {
            return Err(format!("a term nests deeper than {MAX_TERM_DEPTH} functions"));
        }
        let (name, quoted) = match self.peek() {
            Some(Token::Name(name)) => (name.clone(), false),
            Some(Token::Quoted(name)) => (name.clone(), true),
            _ => return Err(self.unexpected("a term")),
        };
        if name.starts_with('$') {
            return Err(format!("`{name}`: words with `$` other than $true and $false are not read"));
        }
        if self.notation == Notation::Tptp && !quoted && name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("`{name}`: numbers are not read, because they would be constants like others"));
        }
        self.next += 1;
        let mut args = Vec::new();
        if self.eat(&Token::Open) {
            loop {
                args.push(self.term(depth + 1)?);
                if !self.eat(&Token::Comma) {
                    break;
                }
            }
            self.expect(&Token::Close, ARGUMENTS_END)?;
        }
        if args.len() > MAX_ARGUMENTS {
            return Err(format!("`{name}` has {} arguments; at most {MAX_ARGUMENTS} are read", args.len()));
        }
        let variable = !quoted
            && match self.notation {
                Notation::Tptp => starts_upper(&name),
                Notation::Textbook { .. } => self.bound.contains(&name) || is_variable(&name),
            };
        match variable && args.is_empty() {
            true => Ok(Term::Var(name)),
            false if variable && (self.bound.contains(&name) || self.notation == Notation::Tptp) => {
                Err(format!("the variable `{name}` cannot have arguments"))
            }
            false => Ok(Term::App(name, args)),
        }
    }

    /// Applies what binds tighter than the connective that comes.
    fn reduce_for(&mut self, binary: Binary) -> Result<(), String> {
        let coming = precedence(binary);
        while let Some(top) = self.ops.last() {
            let left_first = top.precedence() == coming && binary != Binary::Implies;
            if top.precedence() < coming || (top.precedence() == coming && !left_first) {
                break;
            }
            self.reduce()?;
        }
        Ok(())
    }

    /// Closes a parenthesis. Answers false if it is not one of this formula.
    fn close(&mut self, token: &Token) -> Result<bool, String> {
        while self.ops.last().is_some_and(|op| !matches!(op, Op::Open(_))) {
            self.reduce()?;
        }
        let square = *token == Token::CloseSquare;
        match self.ops.last() {
            None => Ok(false),
            Some(Op::Open(open)) if (*open == Token::OpenSquare) == square => {
                self.ops.pop();
                self.next += 1;
                Ok(true)
            }
            Some(_) => Err(self.unexpected("the other kind of parenthesis")),
        }
    }

    fn finish(&mut self) -> Result<Formula, String> {
        while let Some(op) = self.ops.last() {
            if matches!(op, Op::Open(_)) {
                return Err(self.unexpected("`)` or a connective"));
            }
            self.reduce()?;
        }
        self.operands.pop().map(|(formula, _)| formula).ok_or_else(|| self.unexpected("a formula"))
    }

    /// Applies the topmost operator.
    fn reduce(&mut self) -> Result<(), String> {
        let missing = || "the formula is incomplete".to_owned();
        let (Some(op), Some((right, depth))) = (self.ops.pop(), self.operands.pop()) else { return Err(missing()) };
        let (formula, below) = match op {
            Op::Open(_) => (right, depth - 1),
            Op::Not => (right.not(), depth),
            Op::Modal(modal) => (Formula::Modal(modal, Box::new(right)), depth),
            Op::Quantifier(quantifier, variables, _) => {
                self.bound.truncate(self.bound.len().saturating_sub(variables.len()));
                (Formula::Quant(quantifier, variables, Box::new(right)), depth)
            }
            Op::Binary(binary) => {
                let Some((left, other)) = self.operands.pop() else { return Err(missing()) };
                join(binary, left, other, right, depth)
            }
        };
        if below + 1 > MAX_DEPTH {
            return Err(format!(
                "the formula nests deeper than {MAX_DEPTH} operators: give a part of it a name by a premise as `name <-> part`"
            ));
        }
        self.operands.push((formula, below + 1));
        Ok(())
    }
}

/// Two formulas with a connective between, and the depth below it. A chain of `and` or `or` is one list.
fn join(binary: Binary, left: Formula, left_depth: usize, right: Formula, right_depth: usize) -> (Formula, usize) {
    let deep = left_depth.max(right_depth);
    let formula = match (binary, left) {
        (Binary::And, Formula::And(mut parts)) => {
            parts.push(right);
            return (Formula::And(parts), (left_depth - 1).max(right_depth));
        }
        (Binary::Or, Formula::Or(mut parts)) => {
            parts.push(right);
            return (Formula::Or(parts), (left_depth - 1).max(right_depth));
        }
        (Binary::And, left) => Formula::And(vec![left, right]),
        (Binary::Or, left) => Formula::Or(vec![left, right]),
        (Binary::Implies, left) => Formula::Implies(Box::new(left), Box::new(right)),
        (Binary::ImpliedBy, left) => Formula::Implies(Box::new(right), Box::new(left)),
        (Binary::Iff, left) => Formula::Iff(Box::new(left), Box::new(right)),
        (Binary::Xor, left) => return (Formula::Iff(Box::new(left), Box::new(right)).not(), deep + 1),
    };
    (formula, deep)
}

fn starts_upper(name: &str) -> bool {
    name.starts_with(|c: char| c.is_uppercase() || c == '_')
}

fn describe(token: &Token) -> String {
    let text = match token {
        Token::Name(name) | Token::Quoted(name) => return format!("`{name}`"),
        Token::Modal(_) => "a deontic operator",
        Token::Quantifier(_) => "a quantifier",
        Token::Binary(_) => "a connective",
        Token::True => "`true`",
        Token::False => "`false`",
        Token::Not => "a negation",
        Token::Bang => "`!`",
        Token::Equal => "`=`",
        Token::NotEqual => "`!=`",
        Token::Open => "`(`",
        Token::Close => "`)`",
        Token::OpenSquare => "`[`",
        Token::CloseSquare => "`]`",
        Token::Comma => "`,`",
        Token::Dot => "`.`",
        Token::Colon => "`:`",
    };
    text.to_owned()
}
