//! The command line as it is shown: commands by what they are for, old spellings hidden.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _, Subcommand as _};

use crate::args::{Args, PluginCommand};

/// Commands by what they are for. One that is in no group stands in the last.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Serve and call", &["serve", "connect", "tool"]),
    ("Plugins", &["plugin"]),
    ("Operate a host", &["doctor", "reload", "grant", "key", "audit", "config"]),
    ("Peers, tasks, workflows", &["peer", "task", "workflow"]),
];
/// The group of all others.
const OTHERS: &str = "Others";

/// The command line, its commands grouped.
pub(crate) fn command() -> Command {
    let command = hidden(Args::command());
    let commands = grouped(&command);
    command
        .after_help(commands)
        .help_template("{about-with-newline}\n{usage-heading} {usage}\n{after-help}\n\nOptions:\n{options}")
}

/// Commands of plugins are also accepted without their group, their older spelling; only the group is shown.
fn hidden(command: Command) -> Command {
    let group = PluginCommand::augment_subcommands(Command::new("plugin"));
    let names = group.get_subcommands().map(|one| one.get_name().to_owned());
    names.fold(command, |command, name| command.mut_subcommand(name, |one| one.hide(true)))
}

fn grouped(command: &Command) -> String {
    let visible: Vec<&Command> = command.get_subcommands().filter(|command| !command.is_hide_set()).collect();
    let width = visible.iter().map(|command| command.get_name().len()).max().unwrap_or_default();
    let group_of =
        |name: &str| GROUPS.iter().find(|(_, names)| names.contains(&name)).map_or(OTHERS, |(group, _)| *group);
    let mut text = String::new();
    for group in GROUPS.iter().map(|(group, _)| *group).chain([OTHERS]) {
        let mut of_group = visible.iter().filter(|command| group_of(command.get_name()) == group).peekable();
        if of_group.peek().is_none() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{group}:\n");
        for command in of_group {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {:width$}  {about}", command.get_name());
        }
    }
    text.trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap_complete::Shell;

    use super::*;
    use crate::shells::{Man, man, visible};

    /// Commands that print no table, or nothing but what a program reads.
    const WITHOUT_TABLES: [&str; 19] = [
        "audit export",
        "completions",
        "config check",
        "config schema",
        "connect",
        "import openapi",
        "key revoke",
        "man",
        "plugin dev",
        "plugin keygen",
        "plugin new",
        "plugin pack",
        "plugin sdk",
        "plugin sign",
        "plugin uninstall",
        "plugin verify",
        "serve",
        "help",
        "plugin help",
    ];

    /// Each command of a plugin has its old spelling, which nobody is shown.
    #[test]
    fn old_spellings_are_taken_and_hidden() {
        let (all, shown) = (command(), command().render_help().to_string());
        for old in
            ["call", "tools", "peers", "tasks", "workflows", "keys", "grants", "list", "install", "rollback", "new"]
        {
            assert!(all.find_subcommand(old).is_some(), "{old}");
            assert!(!shown.contains(&format!("\n  {old} ")), "{old}: {shown}");
        }
        for line in [
            "tandem plugin list",
            "tandem list",
            "tandem tool call x",
            "tandem peers --all",
            "tandem peer list --all",
            "tandem tools",
            "tandem tools echo",
            "tandem tools call add a=1",
            "tandem tools list",
            "tandem plugins list",
            "tandem tasks list",
            "tandem workflows list",
            "tandem keys list",
            "tandem grants",
        ] {
            assert!(all.clone().try_get_matches_from(line.split(' ')).is_ok(), "{line}");
        }
    }

    fn leaves(command: &Command, path: &str, json: bool, found: &mut Vec<(String, bool)>) {
        let own = command.get_arguments().any(|argument| argument.get_long() == Some("json"));
        let global = |command: &Command| {
            command.get_arguments().any(|argument| argument.get_long() == Some("json") && argument.is_global_set())
        };
        if !path.is_empty() && (command.get_subcommands().next().is_none() || !command.is_subcommand_required_set()) {
            found.push((path.to_owned(), json || own));
        }
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            let path = format!("{path} {}", below.get_name());
            leaves(below, path.trim(), json || global(command), found);
        }
    }

    #[test]
    fn every_command_that_prints_a_table_also_prints_json() {
        let mut found = Vec::new();
        leaves(&command(), "", false, &mut found);
        let without: BTreeSet<&str> = found.iter().filter(|(_, json)| !json).map(|(path, _)| path.as_str()).collect();
        let allowed = BTreeSet::from(WITHOUT_TABLES);
        let missing: Vec<_> = without.difference(&allowed).collect();
        assert!(missing.is_empty(), "without --json: {missing:?}");
        assert!(found.len() > 30, "{found:?}");
    }

    #[test]
    fn every_command_stands_in_a_group_of_the_help() {
        let (all, help) = (command(), command().render_help().to_string());
        for name in GROUPS.iter().flat_map(|(_, names)| *names) {
            assert!(all.find_subcommand(name).is_some(), "there is no command `{name}`");
        }
        for command in all.get_subcommands().filter(|command| !command.is_hide_set()) {
            assert_eq!(
                help.matches(&format!("\n  {} ", command.get_name())).count(),
                1,
                "{}: {help}",
                command.get_name()
            );
        }
    }

    #[test]
    fn shells_and_readers_get_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut visible(&command()), "tandem", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("rollback") && script.contains("workflow"), "{shell}");
            assert_eq!(crate::terminal::plain(&script), script, "{shell}: it is printed as it is");
        }
        let directory = tempfile::tempdir().unwrap();
        let pages = directory.path().join("man1");
        man(&Man { directory: pages.clone() }, command()).unwrap();
        for page in ["tandem.1", "tandem-serve.1", "tandem-audit-verify.1", "tandem-plugin-install.1"] {
            assert!(std::fs::read_to_string(pages.join(page)).unwrap().contains(".TH"), "{page}");
        }
    }

    /// What a shell makes of the script: it is valid, and completes a command and an option.
    #[test]
    fn bash_completes_with_the_script() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tandem.bash");
        let mut script = Vec::new();
        clap_complete::generate(Shell::Bash, &mut visible(&command()), "tandem", &mut script);
        std::fs::write(&path, script).unwrap();
        let bash = |code: &str| {
            let code = format!("source {} && {code}", path.display());
            let output = std::process::Command::new("bash").args(["--norc", "-c", &code]).output().unwrap();
            assert!(output.status.success() && output.stderr.is_empty(), "{code}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        let complete = |words: &[&str]| {
            let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
            bash(&format!(
                "COMP_WORDS=({}) COMP_CWORD={} && _tandem tandem '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
                words.join(" "),
                words.len() - 1
            ))
        };
        assert_eq!(complete(&["tandem", "plug"]).trim(), "plugin");
        assert!(complete(&["tandem", "plugin", "inst"]).lines().any(|word| word == "install"));
        assert!(complete(&["tandem", "plugin", "install", "--lo"]).lines().any(|word| word == "--locked"));
        assert!(!complete(&["tandem", ""]).lines().any(|word| word == "compile-component"), "it is hidden");
    }
}
