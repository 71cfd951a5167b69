//! Names of tools: unique, in snake case, with the category before them, and the same for the same document.

use std::collections::BTreeSet;

use crate::{limits::MAX_NAME, text::snake_case};

/// The names that were given.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// A name for an operation, by its id or else its method and path. Where another has it already, a number is added: operations
    /// are named in the order of their paths and methods.
    pub(crate) fn give(&mut self, category: &str, id: Option<&str>, method: &str, path: &str) -> String {
        let own = id.map(snake_case).filter(|own| !own.is_empty());
        let own = own.unwrap_or_else(|| snake_case(&format!("{method} {}", path.replace('{', "by_"))));
        let has_category = own.strip_prefix(category).is_some_and(|rest| rest.starts_with('_'));
        let whole = if has_category { own } else { format!("{category}_{own}") };
        let mut name = short(&whole, MAX_NAME);
        let mut number = 2_usize;
        while !self.0.insert(name.clone()) {
            let ending = format!("_{number}");
            name = format!("{}{ending}", short(&whole, MAX_NAME - ending.len()));
            number += 1;
        }
        name
    }
}

/// At most so many characters, at the end of a word.
fn short(name: &str, max: usize) -> String {
    if name.len() <= max {
        return name.to_owned();
    }
    let head = name.get(..max).unwrap_or_default();
    let whole = head.rfind('_').filter(|at| *at * 2 > max).and_then(|at| head.get(..at));
    whole.unwrap_or(head).trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_short() {
        let mut names = Names::default();
        let mut give = |id, path| names.give("pets", id, "GET", path);
        assert_eq!(give(Some("getPet"), "/p"), "pets_get_pet");
        assert_eq!(give(Some("get-pet"), "/p"), "pets_get_pet_2");
        assert_eq!(give(Some("petsList"), "/p"), "pets_list");
        assert_eq!(give(None, "/pets/{petId}/photos"), "pets_get_pets_by_pet_id_photos");
        assert_eq!(give(Some("日本"), "/x"), "pets_get_x");
        let long = "andSomethingElse".repeat(8);
        let (one, two) = (give(Some(&long), "/p"), give(Some(&long), "/p"));
        assert!(one.len() <= MAX_NAME && two.len() <= MAX_NAME && one != two, "{one} {two}");
    }
}
