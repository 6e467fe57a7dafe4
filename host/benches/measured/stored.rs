//! A recording on disk, read as the supervisor reads the child: pieces of the channel and
//! of the terminal in turn. Nothing but the piece at hand is in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use jiff::Timestamp;
use playhouse::events::{Assembler, Nonce};

use crate::recorded::{Piece, Recorded};

/// About as many events as a read of the channel gives.
const EVENTS: usize = 32;

/// What a read of a terminal gives at most.
const TERMINAL: usize = 4096;

/// A recording at its beginning, and how many events are in it.
pub(super) struct Stored {
    pub(super) nonce: Nonce,
    pub(super) events: usize,
    file: BufReader<File>,
    piece: Piece,
}

impl Stored {
    /// Records that many events.
    pub(super) fn record(path: &Path, events: usize) -> io::Result<Self> {
        let nonce = Nonce::random();
        let mut file = BufWriter::new(File::create(path)?);
        let mut recorded = Recorded::new(&nonce);
        let mut left = events;
        while left > 0 {
            let piece = recorded.next_piece(left.min(EVENTS));
            left -= left.min(EVENTS);
            for part in [&piece.records, &piece.output] {
                file.write_all(&(part.len() as u64).to_le_bytes())?;
                file.write_all(part)?;
            }
        }
        file.flush()?;
        let file = BufReader::new(File::open(path)?);
        Ok(Self { nonce, events, file, piece: Piece::default() })
    }

    /// The next piece; none at the end.
    pub(super) fn next_piece(&mut self) -> io::Result<Option<&Piece>> {
        if self.file.fill_buf()?.is_empty() {
            return Ok(None);
        }
        for part in [&mut self.piece.records, &mut self.piece.output] {
            let mut size = [0; 8];
            self.file.read_exact(&mut size)?;
            part.resize(usize::try_from(u64::from_le_bytes(size)).unwrap_or(0), 0);
            self.file.read_exact(part)?;
        }
        Ok(Some(&self.piece))
    }
}

/// Gives a piece to an assembler, as the supervisor does.
pub(super) fn push(piece: &Piece, assembler: &mut Assembler) {
    assembler.push_records(&piece.records);
    for output in piece.output.chunks(TERMINAL) {
        assembler.push_output(output, Timestamp::UNIX_EPOCH);
    }
}
