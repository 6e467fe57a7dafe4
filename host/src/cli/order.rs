//! Options before the subcommand: `playhouse -p site.yml run demo`.

use std::ffi::OsString;

use clap::Command;

/// Puts the subcommand in front of the options that stand before it, which belong to it.
/// What cannot be understood is left as it was, for clap to complain about.
pub(super) fn subcommand_first(command: &Command, args: Vec<OsString>) -> Vec<OsString> {
    let Some(index) = subcommand_index(command, &args) else { return args };
    let mut ordered = args;
    let subcommand = ordered.remove(index);
    ordered.insert(1, subcommand);
    ordered
}

/// Where the first word is that is neither an option nor an option's value, if options
/// of a subcommand stand before it and it names one.
fn subcommand_index(command: &Command, args: &[OsString]) -> Option<usize> {
    let mut index = 1;
    while let Some(word) = args.get(index)?.to_str() {
        if matches!(word, "-h" | "--help" | "-V" | "--version") {
            return None;
        }
        if !word.starts_with('-') {
            return (index > 1 && command.find_subcommand(word).is_some()).then_some(index);
        }
        index += if takes_next_word(command, word) { 2 } else { 1 };
    }
    None
}

/// Whether an option, of any subcommand, has its value in the next word.
fn takes_next_word(command: &Command, word: &str) -> bool {
    let options = || command.get_subcommands().flat_map(Command::get_arguments);
    if let Some(long) = word.strip_prefix("--") {
        let mut candidates =
            options().filter(|option| option.get_long().is_some_and(|name| name.starts_with(long)));
        return !long.contains('=')
            && candidates.next().is_some_and(|option| option.get_action().takes_values());
    }
    // In a cluster, what follows an option with a value is the value.
    let mut shorts = word.chars().skip(1);
    let takes_value = |short: char| {
        options()
            .find(|option| option.get_short() == Some(short))
            .is_some_and(|option| option.get_action().takes_values())
    };
    shorts.find(|&short| takes_value(short)).is_some() && shorts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Args, Subcommand, command};
    use clap::FromArgMatches as _;
    use proptest::prelude::*;

    fn ordered(words: &str) -> String {
        let args = words.split(' ').map(OsString::from).collect();
        let ordered = subcommand_first(&command(), args);
        ordered.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn options_before_the_subcommand_go_behind_it() {
        for (given, expected) in [
            ("playhouse -p one.yml run jp", "playhouse run -p one.yml jp"),
            ("playhouse --playbook run run jp", "playhouse run --playbook run jp"),
            ("playhouse --play=one.yml -vvq run jp", "playhouse run --play=one.yml -vvq jp"),
            ("playhouse -qp one.yml run jp", "playhouse run -qp one.yml jp"),
            ("playhouse -pone.yml run jp", "playhouse run -pone.yml jp"),
        ] {
            assert_eq!(ordered(given), expected);
        }
        for same in [
            "playhouse run -p run jp",
            "playhouse --help run",
            "playhouse -p one.yml",
            "playhouse -q jp",
        ] {
            assert_eq!(ordered(same), same);
        }
    }

    proptest! {
        /// Whatever is typed is understood or refused.
        #[test]
        fn nothing_breaks_it(words in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec![
                    "run", "start", "stop", "is-alive", "status", "events", "man", "-p", "--play", "-vvi",
                    "--", "-", "--cmdline", "-e", "--timeout", "-h", "--rotate-artifacts=2", "--role-vars",
                ]).prop_map(str::to_owned),
                "-{0,2}[a-z=]{0,6}",
                "\\PC{0,8}",
            ],
            0..8,
        )) {
            let mut command = command();
            let args = std::iter::once("playhouse".to_owned()).chain(words).map(OsString::from).collect();
            let ordered = subcommand_first(&command, args);
            if let Ok(mut matches) = command.try_get_matches_from_mut(ordered) {
                let args = Args::from_arg_matches_mut(&mut matches).unwrap();
                if let Subcommand::Run(args) | Subcommand::Start(args) = args.subcommand {
                    let _ = args.to_spec();
                }
            }
        }
    }
}
