//! Reads clauses in DIMACS format.

use crate::limits::{MAX_PROBLEM_BYTES, MAX_SAT_LITERALS, MAX_SAT_VARIABLES};
use crate::sat::Clauses;

/// The clauses of a text.
pub(crate) fn read(text: &str) -> Result<Clauses, String> {
    if text.len() > MAX_PROBLEM_BYTES {
        return Err(format!("the text has {} bytes; at most {MAX_PROBLEM_BYTES} are read", text.len()));
    }
    let mut header = None;
    let (mut clauses, mut clause, mut literals) = (Vec::new(), Vec::new(), 0_usize);
    for (index, line) in text.lines().enumerate() {
        let (line, at) = (line.trim(), index + 1);
        if line.starts_with('%') {
            break;
        }
        if line.is_empty() || line.starts_with('c') {
            continue;
        }
        let Some((variables, _)) = header else {
            header = Some(sizes(line).map_err(|error| format!("line {at}: {error}"))?);
            continue;
        };
        for word in line.split_whitespace() {
            let number: i32 = word.parse().map_err(|_| format!("line {at}: `{word}` is not an integer"))?;
            if number == 0 {
                clauses.push(std::mem::take(&mut clause));
                continue;
            }
            if number.unsigned_abs() as usize > variables {
                return Err(format!("line {at}: `{number}` is more than the {variables} variables of the header"));
            }
            literals += 1;
            if literals > MAX_SAT_LITERALS {
                return Err(format!("there are more than {MAX_SAT_LITERALS} literals"));
            }
            clause.push(number);
        }
    }
    let (variables, count) = header.ok_or("there is no header; begin with `p cnf VARIABLES CLAUSES`")?;
    if !clause.is_empty() {
        return Err("the last clause does not end with 0".to_owned());
    }
    if clauses.len() != count {
        return Err(format!("the header says {count} clauses, and there are {}", clauses.len()));
    }
    let names = (1..=variables).map(|number| number.to_string()).collect();
    Ok(Clauses { clauses, names, numbers: true, extra: 0 })
}

/// The numbers of variables and clauses in the header.
fn sizes(line: &str) -> Result<(usize, usize), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ["p", "cnf", variables, clauses] = words.as_slice() else {
        return Err("a header as `p cnf 3 2` is expected: the numbers of variables and clauses".to_owned());
    };
    let number = |word: &str| word.parse::<usize>().map_err(|_| format!("`{word}` is not a number"));
    let (variables, clauses) = (number(variables)?, number(clauses)?);
    if variables > MAX_SAT_VARIABLES {
        return Err(format!("there are {variables} variables; at most {MAX_SAT_VARIABLES} are solved"));
    }
    Ok((variables, clauses))
}
