//! Topics with names in them: `playhouse/{ident}/events/{event}`.

use playhouse_plugin::Setup;

/// The longest topic that MQTT has room for.
const LONGEST: usize = 65_535;

/// A topic; names that are the same for the whole run are filled in already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topic(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Event,
    Host,
    Counter,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Names<'a> {
    pub(crate) event: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
    pub(crate) counter: Option<u64>,
    pub(crate) status: Option<&'a str>,
}

impl Topic {
    /// Reads a template; the error says what is wrong with it.
    pub(crate) fn new(template: &str, setup: &Setup) -> Result<Self, String> {
        if template.is_empty() {
            return Err("a topic has at least one letter".to_owned());
        }
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| format!("`{{{after}` has no `}}` at its end"))?;
            text.push_str(before);
            rest = after;
            let piece = match name {
                "event" => Piece::Event,
                "host" => Piece::Host,
                "counter" => Piece::Counter,
                _ => {
                    let run = &setup.run;
                    let value = match name {
                        "ident" => &run.ident,
                        "run" => &run.id,
                        "plugin" => &setup.name,
                        "playbook" => run.playbook.as_deref().unwrap_or_default(),
                        "controller" => run.fact("controller").unwrap_or_default(),
                        _ => {
                            return Err(format!(
                                "there is no `{{{name}}}`; write ident, run, plugin, playbook, controller, event, host or counter"
                            ));
                        }
                    };
                    text.push_str(&level(value));
                    continue;
                }
            };
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(piece);
        }
        text.push_str(rest);
        pieces.push(Piece::Text(text));
        let is_wild =
            |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(['+', '#', '\0']));
        if pieces.iter().any(is_wild) {
            return Err("`+` and `#` are for those who subscribe".to_owned());
        }
        if template.len() > LONGEST {
            return Err(format!("it has more than {LONGEST} bytes"));
        }
        Ok(Self(pieces))
    }

    /// The topic of one message. A status has the event `status`; what is not there is `-`.
    pub(crate) fn fill(&self, names: &Names<'_>) -> String {
        let event = names.status.map_or(names.event, |_| Some("status"));
        let mut topic = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => topic.push_str(text),
                Piece::Event => topic.push_str(&level(event.unwrap_or_default())),
                Piece::Host => topic.push_str(&level(names.host.unwrap_or_default())),
                Piece::Counter => match names.counter {
                    Some(counter) => topic.push_str(&counter.to_string()),
                    None => topic.push('-'),
                },
            }
        }
        topic
    }
}

/// A text as one level of a topic: what would make two of it, or none, is `_` or `-`.
fn level(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    let is_special = |letter: char| matches!(letter, '/' | '+' | '#') || letter.is_control();
    text.chars().map(|letter| if is_special(letter) { '_' } else { letter }).collect()
}
