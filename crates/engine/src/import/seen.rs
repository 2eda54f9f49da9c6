//! The keys that a file has brought so far, and what each said: in memory while they are few, then in a file without a name, so that a file of any length takes the
//! same memory.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Keys that are held in memory.
const FEW: usize = 500_000;
/// Places of the first file, by which one is found.
const PLACES: u64 = 1 << 21;
/// Bytes of a place: a key, the row that had it first (0 where the place is free), and what that row said.
const PLACE: usize = 24;
/// Places that are read at once where one is looked for, and where all are.
const NEAR: usize = 8;
const MANY: usize = 1 << 14;

/// Keys, each with the row that had it first and what that row said.
pub(super) struct Seen {
    folder: PathBuf,
    few: HashMap<u64, (u64, u64)>,
    many: Option<Table>,
}

impl Seen {
    /// No keys. `folder` is where a file is made once there are many.
    pub(super) fn new(folder: &Path) -> Seen {
        Seen { folder: folder.to_path_buf(), few: HashMap::new(), many: None }
    }

    /// The row that had a key first and what it said, which is this one where there was none.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(super) fn first(&mut self, key: u64, row: u64, content: u64) -> io::Result<(u64, u64)> {
        self.first_of(FEW, key, row, content)
    }

    fn first_of(&mut self, few: usize, key: u64, row: u64, content: u64) -> io::Result<(u64, u64)> {
        if self.many.is_none() && self.few.len() >= few {
            let mut table = Table::new(&self.folder, PLACES)?;
            for (key, (row, content)) in std::mem::take(&mut self.few) {
                table.first(Entry { key, row, content })?;
            }
            self.many = Some(table);
        }
        let Some(table) = &mut self.many else { return Ok(*self.few.entry(key).or_insert((row, content))) };
        if table.is_full() {
            *table = table.larger(&self.folder)?;
        }
        table.first(Entry { key, row, content })
    }
}

#[derive(Clone, Copy, Default)]
struct Entry {
    key: u64,
    row: u64,
    content: u64,
}

impl Entry {
    fn to_bytes(self) -> [u8; PLACE] {
        let mut bytes = [0; PLACE];
        for (part, number) in bytes.chunks_exact_mut(8).zip([self.key, self.row, self.content]) {
            part.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn parse(bytes: &[u8]) -> Entry {
        let mut parts = bytes.chunks_exact(8).map(|part| part.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte)));
        let mut next = || parts.next().unwrap_or(0);
        Entry { key: next(), row: next(), content: next() }
    }
}

/// A file of places. A key stands at the place that it names, or at the next free one behind it.
struct Table {
    file: File,
    places: u64,
    taken: u64,
}

impl Table {
    fn new(folder: &Path, places: u64) -> io::Result<Table> {
        let file = tempfile::tempfile_in(folder)?;
        file.set_len(byte(places))?;
        Ok(Table { file, places, taken: 0 })
    }

    /// Whether it is so full that keys are far from their places.
    fn is_full(&self) -> bool {
        self.taken >= self.places / 8 * 5
    }

    fn larger(&self, folder: &Path) -> io::Result<Table> {
        let mut larger = Table::new(folder, self.places.saturating_mul(2))?;
        let mut bytes = vec![0; MANY * PLACE];
        let step = u64::try_from(MANY).unwrap_or(1);
        for place in (0..self.places).step_by(MANY) {
            let found = self.read(place, &mut bytes)?;
            for entry in found.chunks_exact(PLACE).map(Entry::parse).filter(|entry| entry.row != 0) {
                larger.first(entry)?;
            }
            debug_assert!(place + step <= self.places, "places come in whole readings");
        }
        Ok(larger)
    }

    fn first(&mut self, wanted: Entry) -> io::Result<(u64, u64)> {
        let mut place = wanted.key % self.places;
        let mut bytes = [0; NEAR * PLACE];
        loop {
            let near = self.read(place, &mut bytes)?;
            for entry in near.chunks_exact(PLACE).map(Entry::parse) {
                if entry.row == 0 {
                    self.file.write_all_at(&wanted.to_bytes(), byte(place))?;
                    self.taken += 1;
                    return Ok((wanted.row, wanted.content));
                }
                if entry.key == wanted.key {
                    return Ok((entry.row, entry.content));
                }
                place += 1;
            }
            place %= self.places;
        }
    }

    /// The places from one on, as far as they go.
    fn read<'b>(&self, place: u64, bytes: &'b mut [u8]) -> io::Result<&'b [u8]> {
        let left = usize::try_from(byte(self.places - place)).unwrap_or(usize::MAX);
        let many = bytes.len().min(left);
        let bytes = bytes.get_mut(..many).unwrap_or_default();
        self.file.read_exact_at(bytes, byte(place))?;
        Ok(bytes)
    }
}

/// Where a place begins.
fn byte(place: u64) -> u64 {
    place.saturating_mul(u64::try_from(PLACE).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_remembered_alike() {
        let mut seen = Seen::new(&std::env::temp_dir());
        // Keys that want the same places, keys at the very end, and all of them twice.
        let key = |number: u64| if number.is_multiple_of(3) { u64::MAX - number } else { number << 30 };
        for round in 1..=2 {
            for number in 1..=600 {
                let found = seen.first_of(100, key(number), number * round, number + round).unwrap();
                assert_eq!(found, (number, number + 1), "{number} in round {round}");
            }
        }
        let table = seen.many.as_ref().unwrap();
        assert_eq!((table.taken, seen.few.len()), (600, 0));
        let mut larger = table.larger(&std::env::temp_dir()).unwrap();
        assert_eq!((larger.taken, larger.places), (600, PLACES * 2));
        assert_eq!(larger.first(Entry { key: key(7), row: 1, content: 1 }).unwrap(), (7, 8));
    }
}
