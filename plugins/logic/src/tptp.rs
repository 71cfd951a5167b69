//! Reads problems of the TPTP library (Sutcliffe, The TPTP Problem Library, 2017): `fof` and `cnf`.

use crate::formula::{Formula, Quantifier};
use crate::lexer::{Notation, Token, tokens};
use crate::limits::{MAX_GOALS, MAX_PREMISES};
use crate::parser::Parser;

/// The formulas of a problem.
#[derive(Debug, Default)]
pub(crate) struct Theory {
    pub(crate) premises: Vec<Formula>,
    pub(crate) goals: Vec<Formula>,
}

/// Roles whose formulas are taken as true.
const PREMISES: [&str; 9] =
    ["axiom", "hypothesis", "definition", "assumption", "lemma", "theorem", "corollary", "plain", "negated_conjecture"];

impl Theory {
    /// Adds a formula. Refuses more than can be proved from.
    pub(crate) fn add(&mut self, formula: Formula, goal: bool) -> Result<(), String> {
        let (list, most, what) =
            if goal { (&mut self.goals, MAX_GOALS, "goals") } else { (&mut self.premises, MAX_PREMISES, "premises") };
        if list.len() >= most {
            return Err(format!("there are more than {most} {what}"));
        }
        list.push(formula);
        Ok(())
    }
}

/// The formulas of a problem in TPTP.
pub(crate) fn read(text: &str) -> Result<Theory, String> {
    let tokens = tokens(text, Notation::Tptp)?;
    let mut parser = Parser::new(&tokens, Notation::Tptp);
    let mut theory = Theory::default();
    while parser.peek().is_some() {
        entry(&mut parser, &mut theory)?;
    }
    Ok(theory)
}

fn entry(parser: &mut Parser<'_>, theory: &mut Theory) -> Result<(), String> {
    let language = word(parser, "`fof` or `cnf`")?;
    match language {
        "fof" | "cnf" => {}
        "include" => return Err("`include` is not read: put the formulas of the file in its place".to_owned()),
        "tff" | "thf" | "tcf" | "tpi" => return Err(format!("`{language}` is not read; use `fof` or `cnf`")),
        other => {
            return Err(format!("`{other}` is not the start of a formula; use `fof(name, role, formula).` or `cnf`"));
        }
    }
    parser.expect(&Token::Open, "`(`")?;
    let name = word(parser, "a name")?;
    parser.expect(&Token::Comma, "`,`")?;
    let role = word(parser, "a role, as `axiom` or `conjecture`")?;
    if role != "conjecture" && !PREMISES.contains(&role) {
        return Err(format!(
            "`{name}` has the role `{role}`; use `conjecture`, or `axiom` or another role of a premise"
        ));
    }
    parser.expect(&Token::Comma, "`,`")?;
    let mut formula = parser.formula()?;
    if parser.eat(&Token::Comma) {
        skip_annotations(parser);
    }
    parser.expect(&Token::Close, "`)`")?;
    parser.expect(&Token::Dot, "`.`")?;
    if language == "cnf" {
        let free: Vec<String> = formula.free_variables().into_iter().collect();
        if !free.is_empty() {
            formula = Formula::Quant(Quantifier::All, free, Box::new(formula));
        }
    }
    theory.add(formula, role == "conjecture")
}

fn word<'a>(parser: &mut Parser<'a>, what: &str) -> Result<&'a str, String> {
    match parser.peek() {
        Some(Token::Name(name) | Token::Quoted(name)) => {
            parser.take();
            Ok(name)
        }
        _ => Err(parser.unexpected(what)),
    }
}

/// Where a formula comes from: up to the parenthesis that closes its entry.
fn skip_annotations(parser: &mut Parser<'_>) {
    let mut open = 0_usize;
    while let Some(token) = parser.peek() {
        match token {
            Token::Open | Token::OpenSquare => open += 1,
            Token::Close if open == 0 => return,
            Token::Close | Token::CloseSquare => open = open.saturating_sub(1),
            _ => {}
        }
        parser.take();
    }
}
