//! The power goes: the disk holds what was written through, and nothing else. A file system on a file of its own stands for the
//! disk; the file is copied while the server stands still, so that what the kernel keeps in memory is lost, and the server starts
//! on the copy.

use super::load::Writer;
use super::{WRITERS, again, crashes, note, prove, signal, write_until};
use crate::process::Server;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How many cuts, unless `CLIENTELA_CRASHES` says another number.
const CUTS: usize = 5;

/// A file system inside a file. It is taken down when dropped.
struct Disk {
    folder: TempDir,
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

impl Disk {
    /// None where this machine does not let us mount one.
    fn empty() -> Option<Disk> {
        let folder = TempDir::new().unwrap();
        let image = folder.path().join("image");
        std::fs::File::create(&image).and_then(|file| file.set_len(96 << 20)).unwrap();
        succeeds("mkfs.ext4", &["-q", "-F", &image.display().to_string()]).then_some(())?;
        Disk { folder }.mount()
    }

    fn mount(self) -> Option<Disk> {
        std::fs::create_dir(self.path()).unwrap();
        // The kernel itself writes nothing through while the test runs.
        succeeds("mount", &["-o", "loop,commit=3600", &self.image().display().to_string(), &self.path().display().to_string()])
            .then_some(self)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    /// What a disk would hold if the power went now.
    fn cut(&self) -> Disk {
        let folder = TempDir::new().unwrap();
        std::fs::copy(self.image(), folder.path().join("image")).unwrap();
        Disk { folder }.mount().expect("what could be mounted once can be mounted again")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        succeeds("umount", &["--lazy", &self.path().display().to_string()]);
    }
}

#[test]
fn every_acknowledged_write_survives_a_power_cut_on_sqlite() {
    let Some(mut disk) = Disk::empty() else { return note("skipped: a file system inside a file cannot be mounted here") };
    let mut writers: Vec<Writer> = (0..WRITERS).map(Writer::new).collect();
    for round in 0..crashes(CUTS) {
        let server = Server::start(&disk.path(), &["--demo"]);
        again(&mut writers, &server);
        let left = write_until(&mut writers, &server, 10 + 23 * (round % 7), || cut(&server, &disk));
        drop(server);
        disk = left;
    }
    let server = Server::start(&disk.path(), &["--demo"]);
    again(&mut writers, &server);
    prove(writers, server, &disk.path(), None);
}

/// What the disk holds when the power goes in this moment.
fn cut(server: &Server, disk: &Disk) -> Disk {
    signal(server, "-STOP");
    // What the kernel was asked for just before may still be on its way to the disk.
    std::thread::sleep(Duration::from_millis(200));
    std::fs::write(disk.path().join("lost"), vec![1; 4_096]).unwrap();
    let left = disk.cut();
    assert!(!left.path().join("lost").exists(), "what was not written through must be lost, or this proves nothing");
    left
}
