//! A throw-away PostgreSQL server for tests: one for each test process, made from a copy of a prepared data directory
//! (about 0.3 s), listening on a socket in a directory of its own, gone with the process.
//!
//! A shell stands between the test and the server. It holds the reading end of a pipe; when the test process ends, in
//! whatever way, the pipe closes, and the shell stops the server and removes its files.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A running server.
pub struct Cluster {
    binaries: PathBuf,
    directory: PathBuf,
    databases: AtomicU32,
    /// Ends the server when the process ends, since its standard input is our pipe.
    _guard: Child,
}

/// Why there is no server; for the test to print before it passes over PostgreSQL.
#[derive(Clone, Debug)]
pub struct Skipped(pub String);

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "skipped on PostgreSQL: {}", self.0)
    }
}

static SHARED: OnceLock<Result<Cluster, Skipped>> = OnceLock::new();

/// `$1` is the directory of the binaries. A data directory is prepared once for each version and user, and copied.
const GUARD: &str = r#"
set -eu
trap '' INT TERM HUP
bin=$1
version=$("$bin/postgres" --version | tr -cd '0-9.')
template=/tmp/clientela-postgres-template-$version-$(id -u)
dir=$(mktemp -d /tmp/clientela-postgres.XXXXXX)
finish() { rm -rf "$dir"; }
trap finish EXIT
if [ ! -d "$template" ]; then
    "$bin/initdb" -D "$dir/fresh" -U clientela -A trust -E UTF8 --locale=C --no-sync --wal-segsize=4 >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
    mv -T "$dir/fresh" "$template" 2>/dev/null || rm -rf "$dir/fresh"
fi
[ -O "$template" ] || { echo "$template belongs to somebody else"; exit 1; }
cp -R "$template" "$dir/data"
chmod 700 "$dir/data"
"$bin/postgres" -D "$dir/data" -c listen_addresses= -c unix_socket_directories="$dir" -c fsync=off -c full_page_writes=off \
    -c max_connections=200 -c shared_buffers=64MB -c max_wal_size=512MB >"$dir/log" 2>&1 </dev/null &
server=$!
until grep -q ready "$dir/data/postmaster.pid" 2>/dev/null; do
    kill -0 $server 2>/dev/null || { cat "$dir/log"; exit 1; }
    sleep 0.02
done
echo "ready $dir"
cat >/dev/null || true
kill -QUIT $server 2>/dev/null || true
wait $server || true
"#;

impl Cluster {
    /// The server of this process, started when first asked for.
    ///
    /// # Panics
    /// Where PostgreSQL is not installed and `CLIENTELA_REQUIRE_POSTGRES` is `1`, and where it does not start.
    pub fn shared() -> Result<&'static Cluster, Skipped> {
        let shared = SHARED.get_or_init(|| match binaries() {
            Some(binaries) => Ok(Cluster::start(binaries)),
            None => {
                let reason = "no initdb in $CLIENTELA_POSTGRES_BIN, the PATH or /usr/lib/postgresql; install the server's package";
                assert!(std::env::var_os("CLIENTELA_REQUIRE_POSTGRES").is_none_or(|required| required != "1"), "{reason}");
                Err(Skipped(reason.to_owned()))
            }
        });
        shared.as_ref().map_err(Clone::clone)
    }

    /// Makes an empty database and answers its URL.
    pub fn fresh_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = Command::new(self.binaries.join("createdb"))
            .args(["--username", "clientela", "--host"])
            .arg(&self.directory)
            .arg(&name)
            .output()
            .unwrap_or_else(|error| panic!("createdb does not run: {error}"));
        assert!(made.status.success(), "createdb failed: {}", String::from_utf8_lossy(&made.stderr));
        format!("postgres://clientela@localhost/{name}?host={}", self.directory.display())
    }

    #[expect(clippy::zombie_processes, reason = "the guard lives as long as this process, and is told of its end by the pipe")]
    fn start(binaries: PathBuf) -> Cluster {
        // The server refuses to run as root.
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        command.args(["-c", GUARD, "sh"]).arg(&binaries).current_dir("/");
        // A process group of its own, so that what ends the test run by its group leaves the guard to tidy up.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut guard = command.spawn().unwrap_or_else(|error| panic!("cannot start PostgreSQL: {error}"));
        let mut said = String::new();
        let mut output = BufReader::new(guard.stdout.take().unwrap_or_else(|| panic!("the guard has no output")));
        loop {
            let mut line = String::new();
            let read = output.read_line(&mut line).unwrap_or_else(|error| panic!("the guard of PostgreSQL cannot be heard: {error}"));
            assert!(read > 0, "PostgreSQL did not start: {said}");
            if let Some(directory) = line.trim_end().strip_prefix("ready ") {
                return Cluster { binaries, directory: PathBuf::from(directory), databases: AtomicU32::new(0), _guard: guard };
            }
            said.push_str(&line);
        }
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}

/// The directory of the binaries: what the environment names, the PATH, or the newest one of Debian's layout.
fn binaries() -> Option<PathBuf> {
    let complete = |directory: &PathBuf| ["initdb", "postgres", "createdb"].iter().all(|name| directory.join(name).is_file());
    if let Some(named) = std::env::var_os("CLIENTELA_POSTGRES_BIN") {
        return Some(PathBuf::from(named)).filter(complete);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).find(complete).or_else(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let number = |directory: &Path| directory.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<u32>().ok());
        let newest = versions
            .flatten()
            .map(|entry| entry.path())
            .filter(|directory| complete(&directory.join("bin")))
            .max_by_key(|directory| number(directory))?;
        Some(newest.join("bin"))
    })
}
