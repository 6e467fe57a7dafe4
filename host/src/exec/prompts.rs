//! What Ansible and SSH ask on the terminal, and what is typed then.

use std::collections::VecDeque;
use std::fmt;
use std::os::fd::AsFd;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use regex::bytes::Regex;

/// Between a prompt and its answer: Ansible throws away what was typed before it has
/// shown its prompt and a little after.
const BEFORE_ANSWERING: Duration = Duration::from_millis(50);

/// How long a prompt may stand there. Nobody is at the keyboard, so this is only for a
/// text that goes on after all.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Prompts and what is typed when one shows, in the order in which they are tried.
#[derive(Clone, Default)]
pub struct Answers {
    entries: Vec<(Regex, String)>,
}

impl Answers {
    /// Adds one behind the others.
    pub fn push(&mut self, prompt: Regex, answer: String) {
        self.entries.push((prompt, answer));
    }

    /// Adds one before the others.
    pub fn prefer(&mut self, prompt: Regex, answer: String) {
        self.entries.insert(0, (prompt, answer));
    }

    /// Whether a text is one of the answers: then it is a secret.
    pub fn contains(&self, text: &str) -> bool {
        !text.is_empty() && self.entries.iter().any(|(_, answer)| answer == text)
    }

    /// All answers.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(_, answer)| answer.as_str())
    }

    /// The answer to a prompt.
    pub fn answer_to(&self, prompt: &str) -> Option<&str> {
        self.find(prompt.as_bytes()).map(|(_, answer)| answer)
    }

    /// The answer to the prompt that begins first, and where that prompt ends.
    fn find(&self, text: &[u8]) -> Option<(usize, &str)> {
        self.entries
            .iter()
            .filter_map(|(prompt, answer)| Some((prompt.find(text)?, answer.as_str())))
            .min_by_key(|(found, _)| found.start())
            .map(|(found, answer)| (found.end(), answer))
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.entries.iter().map(|(prompt, _)| prompt)).finish()
    }
}

/// Types the answers of one run.
#[derive(Debug)]
pub(super) struct Typist {
    answers: Answers,
    /// What to type, and from when on.
    due: VecDeque<(Instant, Vec<u8>)>,
}

impl Typist {
    pub(super) fn new(answers: Answers) -> Self {
        Self { answers, due: VecDeque::new() }
    }

    /// Looks for a prompt in text that nobody has answered; how much of it is now done with.
    pub(super) fn read(&mut self, text: &[u8]) -> usize {
        let Some((end, answer)) = self.answers.find(text) else { return 0 };
        let line = format!("{answer}\n").into_bytes();
        self.due.push_back((Instant::now() + BEFORE_ANSWERING, line));
        // An empty match would be found for ever.
        end.max(1).min(text.len())
    }

    /// When there is something to type.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.front().map(|(due, _)| *due)
    }

    /// Types what is due; whether there was anything.
    pub(super) fn type_due(&mut self, terminal: impl AsFd) -> rustix::io::Result<bool> {
        let mut typed = false;
        while let Some((due, line)) = self.due.front_mut()
            && *due <= Instant::now()
        {
            match rustix::io::write(&terminal, line) {
                Ok(size) if size < line.len() => drop(line.drain(..size)),
                Ok(_) => drop(self.due.pop_front()),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => {
                    *due = Instant::now() + BEFORE_ANSWERING;
                    return Ok(typed);
                }
                // The child is gone, or as good as gone.
                Err(rustix::io::Errno::IO) => self.due.clear(),
                Err(error) => return Err(error),
            }
            typed = true;
        }
        Ok(typed)
    }
}

/// Whether the beginning of a line looks like a question of SSH, sudo or Ansible that
/// waits for someone to type.
pub(super) fn is_question(line: &[u8]) -> bool {
    static QUESTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)(?:pass(?:word|phrase|code)|\bPIN|verification code)[^\r\n]*:\s*$|\(yes/no[^\r\n]*\)\??:?\s*$",
        )
        .expect("a pattern")
    });
    QUESTION.is_match(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typist(entries: &[(&str, &str)]) -> Typist {
        let mut answers = Answers::default();
        for (prompt, answer) in entries {
            answers.push(Regex::new(prompt).unwrap(), (*answer).to_owned());
        }
        Typist::new(answers)
    }

    fn typed(typist: &Typist) -> Vec<String> {
        typist.due.iter().map(|(_, line)| String::from_utf8_lossy(line).into_owned()).collect()
    }

    #[test]
    fn the_prompt_that_begins_first_is_answered_and_done_with() {
        let mut typist = typist(&[("name", "x"), ("(?m)^pass.*:", "sesame"), ("word", "y")]);
        let text = b"hello\r\npassword: name";
        let done = typist.read(text);
        assert_eq!(&text[done..], b" name");
        let more = done + typist.read(&text[done..]);
        assert_eq!(more, text.len());
        assert_eq!(typist.read(&text[more..]), 0);
        assert_eq!(typed(&typist), ["sesame\n", "x\n"]);
    }

    #[test]
    fn a_pattern_that_matches_nothing_at_all_ends() {
        let mut typist = typist(&[("x*", "y")]);
        assert_eq!(typist.read(b"ab"), 1);
        assert_eq!(typist.read(b"b"), 1);
    }

    #[test]
    fn questions_are_told_from_text() {
        for line in [
            "SSH password: ",
            "BECOME password[defaults to SSH password]: ",
            "Vault password (prod): ",
            "Enter passphrase for key '/home/u/.ssh/id': ",
            "Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
        ] {
            assert!(is_question(line.as_bytes()), "{line}");
        }
        for line in ["", "TASK [Set the password] ***", "password: changed", "Downloading: "] {
            assert!(!is_question(line.as_bytes()), "{line}");
        }
    }
}
