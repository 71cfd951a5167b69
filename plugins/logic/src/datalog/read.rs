//! Reads programs and queries.

use super::program::{Arg, Atom, Compare, Condition, Constant, Program, Rule};
use super::tokens::{Token, tokens};
use crate::limits::{MAX_ARGUMENTS, MAX_BODY, MAX_PROBLEM_BYTES, MAX_RULES, MAX_TUPLES};

/// The name of the predicate that a query defines; no program can use it, because no name has a line end.
const QUERY: &str = "?-\n";

/// The facts and rules of a text.
pub(crate) fn program(text: &str) -> Result<Program, String> {
    let mut program = Program::default();
    let tokens = checked(text)?;
    let mut reader = Reader::new(&tokens, &mut program);
    while reader.peek().is_some() {
        reader.clause()?;
    }
    Ok(program)
}

/// Adds a rule for the query to the program. Answers the predicate whose tuples are its answers, with the names of its variables.
pub(crate) fn query(text: &str, program: &mut Program) -> Result<(usize, Vec<String>), String> {
    let tokens = checked(text)?;
    let mut reader = Reader::new(&tokens, program);
    if reader.peek() == Some(&Token::Query) {
        reader.next += 1;
    }
    let body = reader.body()?;
    reader.eat(".");
    if reader.peek().is_some() {
        return Err(reader.unexpected("the end of the query"));
    }
    let variables = reader.variables;
    let named = || variables.iter().enumerate().filter(|(_, name)| *name != "_");
    let (args, names): (Vec<Arg>, Vec<String>) = named().map(|(at, name)| (Arg::Var(at), name.clone())).unzip();
    let predicate = program.predicate(QUERY, args.len())?;
    program.rules.push(Rule { head: Atom { predicate, args }, body, variables, line: 0 });
    Ok((predicate, names))
}

fn checked(text: &str) -> Result<Vec<(Token, usize)>, String> {
    if text.len() > MAX_PROBLEM_BYTES {
        return Err(format!("the text has {} bytes; at most {MAX_PROBLEM_BYTES} are read", text.len()));
    }
    tokens(text)
}

struct Reader<'a> {
    tokens: &'a [(Token, usize)],
    next: usize,
    program: &'a mut Program,
    variables: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(tokens: &'a [(Token, usize)], program: &'a mut Program) -> Self {
        Self { tokens, next: 0, program, variables: Vec::new() }
    }

    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(1, |(_, line)| *line)
    }

    fn eat(&mut self, symbol: &'static str) -> bool {
        let found = self.peek() == Some(&Token::Symbol(symbol));
        self.next += usize::from(found);
        found
    }

    fn unexpected(&self, expected: &str) -> String {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Name(name) | Token::Variable(name)) => format!("`{name}`"),
            Some(Token::Int(number)) => format!("`{number}`"),
            Some(Token::Not) => "`not`".to_owned(),
            Some(Token::If) => "`:-`".to_owned(),
            Some(Token::Query) => "`?-`".to_owned(),
            Some(Token::Symbol(symbol)) => format!("`{symbol}`"),
        };
        format!("line {}: {expected} is expected, not {found}", self.line())
    }

    fn clause(&mut self) -> Result<(), String> {
        let line = self.line();
        self.variables.clear();
        if self.peek() == Some(&Token::Query) {
            return Err(format!("line {line}: put the query into `query`"));
        }
        let head = self.atom()?;
        if self.eat(".") {
            return self.fact(head, line);
        }
        if self.peek() != Some(&Token::If) {
            return Err(self.unexpected("`.` or `:-`"));
        }
        self.next += 1;
        let body = self.body()?;
        if !self.eat(".") {
            return Err(self.unexpected("`,` or `.`"));
        }
        if self.program.rules.len() >= MAX_RULES {
            return Err(format!("there are more than {MAX_RULES} rules"));
        }
        self.program.rules.push(Rule { head, body, variables: std::mem::take(&mut self.variables), line });
        Ok(())
    }

    fn fact(&mut self, head: Atom, line: usize) -> Result<(), String> {
        let constant = |arg: &Arg| match arg {
            Arg::Const(id) => Some(*id),
            Arg::Var(_) => None,
        };
        let Some(tuple) = head.args.iter().map(constant).collect() else {
            let name = self.variables.first().map(String::as_str).unwrap_or_default();
            return Err(format!(
                "line {line}: the fact has the variable `{name}`; names of constants begin with a small letter or stand in quotes"
            ));
        };
        if self.program.facts.len() >= MAX_TUPLES as usize {
            return Err(format!("there are more than {MAX_TUPLES} facts"));
        }
        self.program.facts.push((head.predicate, tuple));
        Ok(())
    }

    fn body(&mut self) -> Result<Vec<Condition>, String> {
        let mut body = Vec::new();
        loop {
            let condition = self.condition()?;
            body.push(condition);
            if body.len() > MAX_BODY {
                return Err(format!("line {}: a rule has more than {MAX_BODY} conditions", self.line()));
            }
            if !self.eat(",") {
                return Ok(body);
            }
        }
    }

    fn condition(&mut self) -> Result<Condition, String> {
        if self.peek() == Some(&Token::Not) {
            self.next += 1;
            return Ok(Condition::Not(self.atom()?));
        }
        let compared =
            matches!(self.tokens.get(self.next + 1), Some((Token::Symbol("=" | "!=" | "<" | "<=" | ">" | ">="), _)));
        if !compared {
            return Ok(Condition::Holds(self.atom()?));
        }
        let left = self.arg()?;
        let compare = match self.peek() {
            Some(Token::Symbol("=")) => Compare::Equal,
            Some(Token::Symbol("!=")) => Compare::NotEqual,
            Some(Token::Symbol("<")) => Compare::Less,
            Some(Token::Symbol("<=")) => Compare::LessEqual,
            Some(Token::Symbol(">")) => Compare::Greater,
            _ => Compare::GreaterEqual,
        };
        self.next += 1;
        Ok(Condition::Compare(compare, left, self.arg()?))
    }

    fn atom(&mut self) -> Result<Atom, String> {
        let Some(Token::Name(name)) = self.peek() else {
            return Err(self.unexpected("a predicate, which begins with a small letter,"));
        };
        self.next += 1;
        let mut args = Vec::new();
        if self.eat("(") {
            loop {
                let arg = self.arg()?;
                args.push(arg);
                if args.len() > MAX_ARGUMENTS {
                    return Err(format!("line {}: `{name}` has more than {MAX_ARGUMENTS} arguments", self.line()));
                }
                if !self.eat(",") {
                    break;
                }
            }
            if !self.eat(")") {
                let functions =
                    if self.peek() == Some(&Token::Symbol("(")) { "; Datalog has no functions" } else { "" };
                return Err(format!("{}{functions}", self.unexpected("`,` or `)`")));
            }
        }
        let line = self.line();
        let predicate = self.program.predicate(name, args.len()).map_err(|error| format!("line {line}: {error}"))?;
        Ok(Atom { predicate, args })
    }

    fn arg(&mut self) -> Result<Arg, String> {
        let arg = match self.peek() {
            Some(Token::Name(name)) => Arg::Const(self.program.constant(Constant::Name(name.clone()))),
            Some(Token::Int(number)) => Arg::Const(self.program.constant(Constant::Int(*number))),
            Some(Token::Variable(name)) => Arg::Var(self.variable(name)),
            _ => return Err(self.unexpected("a constant or a variable")),
        };
        self.next += 1;
        Ok(arg)
    }

    fn variable(&mut self, name: &str) -> usize {
        let known = self.variables.iter().position(|other| other == name && name != "_");
        known.unwrap_or_else(|| {
            self.variables.push(name.to_owned());
            self.variables.len() - 1
        })
    }
}
