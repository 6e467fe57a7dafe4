//! Where the events of a run lie: each in a file of `job_events/`, as Ansible Runner has
//! them, or each on a line of `events.jsonl`, or both. The journal says where on the file a
//! line begins.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, unlinkat};

use super::ArtifactError;
use super::growing_file::GrowingFile;
use crate::events::Event;
use crate::input::JobEvents;

/// The file with a line an event.
pub(super) const LINES: &str = "events.jsonl";

/// The folder with a file an event.
pub(super) const FILES: &str = "job_events";

/// What becomes a file of that folder is written beside it: whoever watches the folder sees
/// whole files come, and nothing else.
pub(super) const UNFINISHED: &str = "event.tmp";

/// The texts of events.
pub type EventTexts = Box<dyn Iterator<Item = Result<String, ArtifactError>> + Send>;

/// Where an event's file is.
pub(crate) fn event_path(artifact_dir: &Path, counter: u64, uuid: &str) -> PathBuf {
    artifact_dir.join(FILES).join(file_name(counter, uuid))
}

fn file_name(counter: u64, uuid: &str) -> String {
    format!("{counter}-{uuid}.json")
}

/// The files of `job_events/` by counter.
pub fn event_files(artifact_dir: &Path) -> Result<Vec<PathBuf>, ArtifactError> {
    let folder = artifact_dir.join(FILES);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        result => result.map_err(ArtifactError::read(&folder))?,
    };
    let mut files: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
            Some((name.split_once('-')?.0.parse().ok()?, path))
        })
        .collect();
    files.sort();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// The events of an artifact directory in their order, from wherever they lie.
pub fn event_texts(artifact_dir: &Path) -> Result<EventTexts, ArtifactError> {
    let files = event_files(artifact_dir)?;
    let path = artifact_dir.join(LINES);
    if files.is_empty() && path.exists() {
        let lines = BufReader::new(File::open(&path).map_err(ArtifactError::read(&path))?).lines();
        return Ok(Box::new(lines.map(move |line| line.map_err(ArtifactError::read(&path)))));
    }
    let read = |path: PathBuf| fs::read_to_string(&path).map_err(ArtifactError::read(&path));
    Ok(Box::new(files.into_iter().map(read)))
}

/// The end that is written, a batch at a time.
#[derive(Debug)]
pub(super) struct EventWriter {
    ident: String,
    files: Option<EventFiles>,
    lines: Option<GrowingFile>,
    /// The last batch, a line an event.
    text: String,
}

/// An event that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its JSON among those of its batch.
    pub(super) json: Range<usize>,
    /// Where its line begins, if it has one.
    pub(super) at: Option<u64>,
}

/// What a batch's text keeps of its room for the next one, in bytes.
const ROOM: usize = 1 << 20;

impl EventWriter {
    /// Makes what events go to.
    pub(super) fn create(
        artifact_dir: &Path,
        ident: &str,
        form: JobEvents,
    ) -> Result<Self, ArtifactError> {
        let files =
            if form == JobEvents::Jsonl { None } else { Some(EventFiles::create(artifact_dir)?) };
        let lines = if form == JobEvents::Files {
            None
        } else {
            let path = artifact_dir.join(LINES);
            let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path);
            let file = file.map_err(ArtifactError::write(&path))?;
            Some(GrowingFile::new(path, file))
        };
        Ok(Self { ident: ident.to_owned(), files, lines, text: String::new() })
    }

    /// Writes events; of each, what became of it.
    pub(super) fn write<'event>(
        &mut self,
        events: impl Iterator<Item = &'event Event>,
    ) -> Vec<Result<Written, ArtifactError>> {
        self.text.clear();
        self.text.shrink_to(ROOM);
        let mut batch: Vec<_> = events.map(|event| self.serialise(event)).collect();
        if let Some(lines) = &mut self.lines {
            push_lines(lines, &self.text, &mut batch);
        }
        batch
    }

    /// The JSON of an event of the last batch.
    pub(super) fn json(&self, written: &Written) -> &str {
        &self.text[written.json.clone()]
    }

    /// Adds an event to the batch's text, and makes its file.
    fn serialise(&mut self, event: &Event) -> Result<Written, ArtifactError> {
        let start = self.text.len();
        event.push_json(&mut self.text, &self.ident);
        if let Some(files) = &self.files
            && let Err(error) = files.write(event, &self.text.as_bytes()[start..])
        {
            self.text.truncate(start);
            return Err(error);
        }
        let json = start..self.text.len();
        self.text.push('\n');
        Ok(Written { json, at: None })
    }
}

/// `job_events/` and the folder that it is in, open: to find them by their paths is a good
/// part of what a small file costs.
#[derive(Debug)]
struct EventFiles {
    path: PathBuf,
    artifact_dir: File,
    folder: File,
}

impl EventFiles {
    fn create(artifact_dir: &Path) -> Result<Self, ArtifactError> {
        let path = artifact_dir.join(FILES);
        super::artifact_dir::make_private_dir(&path)?;
        let open = |path: &Path| File::open(path).map_err(ArtifactError::write(path));
        Ok(Self { artifact_dir: open(artifact_dir)?, folder: open(&path)?, path })
    }

    fn write(&self, event: &Event, json: &[u8]) -> Result<(), ArtifactError> {
        let name = file_name(event.counter, &event.uuid);
        self.write_whole(&name, json).map_err(|source| {
            // Half a file helps nobody; that it cannot be taken away changes nothing about
            // the error.
            let _ = unlinkat(&self.artifact_dir, UNFINISHED, AtFlags::empty());
            ArtifactError::Write { path: self.path.join(name), source }
        })
    }

    fn write_whole(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let flags = flags | OFlags::NOFOLLOW;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = openat(&self.artifact_dir, UNFINISHED, flags, mode)?;
        File::from(file).write_all(bytes)?;
        Ok(renameat(&self.artifact_dir, UNFINISHED, &self.folder, name)?)
    }
}

/// Adds the batch; where there is no room for all of it, each line that there is room for.
fn push_lines(file: &mut GrowingFile, text: &str, batch: &mut [Result<Written, ArtifactError>]) {
    let all_at = file.push(text.as_bytes()).ok();
    for result in batch {
        let Ok(written) = result else { continue };
        let line = &text[written.json.start..=written.json.end];
        let pushed = match all_at {
            Some(at) => Ok(at + written.json.start as u64),
            None => file.push(line.as_bytes()),
        };
        match pushed {
            Ok(at) => written.at = Some(at),
            Err(error) => *result = Err(error),
        }
    }
}

/// The end that is read, an event at a time, while it is written or later.
#[derive(Debug)]
pub struct EventReader {
    artifact_dir: PathBuf,
    /// `events.jsonl` once it was needed, and where it stands.
    lines: Option<(BufReader<File>, u64)>,
}

impl EventReader {
    /// Nothing is opened yet.
    pub fn new(artifact_dir: &Path) -> Self {
        Self { artifact_dir: artifact_dir.to_owned(), lines: None }
    }

    /// The JSON of an event as the journal has entered it: its counter, its UUID, and where
    /// its line begins.
    pub fn read(
        &mut self,
        counter: u64,
        uuid: &str,
        at: Option<u64>,
    ) -> Result<String, ArtifactError> {
        match at {
            None => {
                let path = event_path(&self.artifact_dir, counter, uuid);
                fs::read_to_string(&path).map_err(ArtifactError::read(&path))
            }
            Some(at) => {
                let path = self.artifact_dir.join(LINES);
                self.read_line(&path, at).map_err(ArtifactError::read(&path))
            }
        }
    }

    fn read_line(&mut self, path: &Path, at: u64) -> io::Result<String> {
        let (mut file, stands) = match self.lines.take() {
            Some(lines) => lines,
            None => (BufReader::new(File::open(path)?), 0),
        };
        if stands != at {
            file.seek(SeekFrom::Start(at))?;
        }
        let mut line = String::new();
        let size = file.read_line(&mut line)? as u64;
        self.lines = Some((file, at + size));
        if line.pop() != Some('\n') {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a line is cut off"));
        }
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(counter: u64) -> Event {
        let json = format!(
            r#"{{"uuid": "u{counter}", "counter": {counter}, "stdout": "é", "start_line": 0, "end_line": 1, "runner_ident": "x", "event": "runner_on_ok", "event_data": {{}}}}"#
        );
        Event::from_json(&json).unwrap()
    }

    #[test]
    fn events_are_read_from_wherever_they_are() {
        for form in [JobEvents::Files, JobEvents::Jsonl, JobEvents::Both] {
            let room = tempfile::tempdir().unwrap();
            let mut writer = EventWriter::create(room.path(), "x", form).unwrap();
            let events: Vec<Event> = (1..=3).map(event).collect();
            let texts: Vec<String> = events.iter().map(|event| event.to_json("x")).collect();
            let mut entered = Vec::new();
            for batch in events.chunks(2) {
                for (event, result) in batch.iter().zip(writer.write(batch.iter())) {
                    let written = result.unwrap();
                    assert_eq!(writer.json(&written), event.to_json("x"));
                    entered.push((event.counter, written.at));
                }
            }
            assert_eq!(entered.iter().all(|(_, at)| at.is_some()), form != JobEvents::Files);
            let mut reader = EventReader::new(room.path());
            for index in [0, 1, 2, 1, 0, 2] {
                let (counter, at) = entered[index];
                let read = reader.read(counter, &format!("u{counter}"), at).unwrap();
                assert_eq!(read, texts[index], "{form:?}");
            }
            let all: Vec<String> = event_texts(room.path()).unwrap().map(Result::unwrap).collect();
            assert_eq!(all, texts, "{form:?}");
            assert_eq!(room.path().join("job_events").exists(), form != JobEvents::Jsonl);
        }
    }

    #[test]
    fn a_line_that_is_cut_off_is_an_error() {
        let room = tempfile::tempdir().unwrap();
        fs::write(room.path().join(LINES), "{}\n{").unwrap();
        let mut reader = EventReader::new(room.path());
        assert_eq!(reader.read(1, "u", Some(0)).unwrap(), "{}");
        let error = reader.read(2, "u", Some(3)).unwrap_err().to_string();
        assert!(error.contains("events.jsonl` cannot be read: a line is cut off"), "{error}");
    }
}
