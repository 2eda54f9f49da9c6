//! Settings: defaults, then the file, then `CLIENTELA_*`, then flags. The one place that reads the environment.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file looked for where none is named.
const DEFAULT_FILE: &str = "clientela.toml";
/// What every environment variable begins with.
const ENVIRONMENT_PREFIX: &str = "CLIENTELA_";

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on; 0 picks a free one.
    pub port: u16,
    /// Directory of the signing keys and of the SQLite database.
    pub data: PathBuf,
    /// `sqlite:PATH` or `postgres://…`; a SQLite file in the data directory where absent.
    pub database_url: Option<String>,
    /// Greatest number of database connections; the store's choice where absent.
    pub connections: Option<u32>,
    /// Which log lines are written, as tracing-subscriber's `EnvFilter` reads it.
    pub log: String,
    /// How they look.
    pub log_format: LogFormat,
    /// The address clients use, where it differs from the one listened on (a proxy in front).
    pub public_url: Option<String>,
    /// The `iss` claim of access tokens.
    pub issuer: String,
    /// The `aud` claim of access tokens.
    pub audience: String,
    /// Greatest number of open client connections; more wait in the system's queue.
    pub max_clients: usize,
    /// Greatest size of a request body in bytes.
    pub body_bytes: usize,
    /// Longest time a request may take.
    pub request_timeout: Duration,
    /// Directory of the contents of files; `files` in the data directory where absent. Nodes of one database share it.
    pub files: Option<PathBuf>,
    /// Greatest size of a file in bytes.
    pub file_bytes: u64,
    /// Media types of files that are taken, with commas between (`image/*,application/pdf`); all where absent.
    pub file_types: Vec<String>,
    /// Opens `/metrics` from anywhere; without it only this machine may read them.
    pub metrics_token: Option<String>,
    /// Whether others are asked that are not on the public network, and without TLS, such as an identity provider of the same machine. Whoever administers a tenant
    /// can then reach through this server what only this server reaches.
    pub private_addresses: bool,
    /// The age in days at which a server replaces its signing key; it stays where absent.
    pub rotate_keys_days: Option<u32>,
    /// For how many days events that came in, and deliveries of webhooks, are kept once nothing more is to be done with them.
    pub event_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            host: "127.0.0.1".to_owned(),
            port: 8080,
            data: PathBuf::from("clientela_data"),
            database_url: None,
            connections: None,
            log: "info,clientela::request=warn,sea_orm_migration=warn".to_owned(),
            log_format: LogFormat::Text,
            public_url: None,
            issuer: "clientela".to_owned(),
            audience: "clientela".to_owned(),
            max_clients: 10_000,
            body_bytes: 1 << 20,
            request_timeout: Duration::from_secs(30),
            files: None,
            file_bytes: 100 << 20,
            file_types: Vec::new(),
            metrics_token: None,
            private_addresses: false,
            rotate_keys_days: None,
            event_days: 90,
        }
    }
}

/// A setting that cannot be used. The text names the setting, where it came from, what was given and what is allowed.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigProblem(pub String);

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigProblem {}

impl Config {
    /// Every key, as the file spells it. The environment variable is `CLIENTELA_` and the key in capitals, the flag has
    /// hyphens for underscores.
    pub const KEYS: [&str; 20] = [
        "host",
        "port",
        "data",
        "database_url",
        "connections",
        "log",
        "log_format",
        "public_url",
        "issuer",
        "audience",
        "max_clients",
        "body_bytes",
        "request_seconds",
        "files",
        "file_bytes",
        "file_types",
        "metrics_token",
        "private_addresses",
        "rotate_keys_days",
        "event_days",
    ];

    /// Reads all layers. `flags` are keys with their texts.
    pub fn load(file: Option<&Path>, flags: &[(&'static str, String)]) -> Result<Config, ConfigProblem> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let environment = |name: &str| std::env::var(name).ok();
        Config::from_layers(file, &environment, flags)
    }

    fn from_layers(
        file: Option<&Path>,
        environment: &dyn Fn(&str) -> Option<String>,
        flags: &[(&'static str, String)],
    ) -> Result<Config, ConfigProblem> {
        let mut config = Config::default();
        let path = file.unwrap_or_else(|| Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => config.read_file(&text, path)?,
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(ConfigProblem(format!("The configuration file {} cannot be read: {error}.", path.display()))),
        }
        for key in Config::KEYS {
            let name = format!("{ENVIRONMENT_PREFIX}{}", key.to_ascii_uppercase());
            if let Some(text) = environment(&name).filter(|text| !text.is_empty()) {
                config.set(key, &text, &name)?;
            }
        }
        for (key, text) in flags {
            config.set(key, text, &format!("--{}", key.replace('_', "-")))?;
        }
        Ok(config)
    }

    fn read_file(&mut self, text: &str, path: &Path) -> Result<(), ConfigProblem> {
        let place = path.display();
        let table: toml::Table =
            toml::from_str(text).map_err(|error| ConfigProblem(format!("The configuration file {place} is not TOML: {error}")))?;
        for (key, value) in &table {
            let text = match value {
                toml::Value::String(text) => text.clone(),
                toml::Value::Integer(number) => number.to_string(),
                other => {
                    return Err(ConfigProblem(format!("{key} in {place} is {}; it must be a text or a whole number.", other.type_str())));
                }
            };
            self.set(key, &text, &format!("{key} in {place}"))?;
        }
        Ok(())
    }

    /// Sets one key from text. `place` names it in errors as the reader wrote it.
    fn set(&mut self, key: &str, text: &str, place: &str) -> Result<(), ConfigProblem> {
        match key {
            "host" => self.host = text.to_owned(),
            "port" => self.port = number(text, place, "a port from 0 to 65535")?,
            "data" => self.data = PathBuf::from(text),
            "database_url" => self.database_url = Some(text.to_owned()),
            "connections" => self.connections = Some(positive(text, place)?),
            "log" => self.log = text.to_owned(),
            "log_format" => {
                self.log_format = match text {
                    "text" => LogFormat::Text,
                    "json" => LogFormat::Json,
                    _ => return Err(refuse(place, text, "text or json")),
                }
            }
            "public_url" if text.starts_with("http://") || text.starts_with("https://") => {
                self.public_url = Some(text.trim_end_matches('/').to_owned());
            }
            "public_url" => return Err(refuse(place, text, "an address that begins with http:// or https://")),
            "issuer" => self.issuer = text.to_owned(),
            "audience" => self.audience = text.to_owned(),
            "max_clients" => self.max_clients = positive(text, place)?,
            "body_bytes" => self.body_bytes = positive(text, place)?,
            "request_seconds" => self.request_timeout = Duration::from_secs(positive(text, place)?),
            "files" => self.files = Some(PathBuf::from(text)),
            "file_bytes" => self.file_bytes = positive(text, place)?,
            "file_types" => self.file_types = text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect(),
            "metrics_token" => self.metrics_token = Some(text.to_owned()),
            "private_addresses" => {
                self.private_addresses = match text {
                    "true" => true,
                    "false" => false,
                    _ => return Err(refuse(place, text, "true or false")),
                }
            }
            "rotate_keys_days" => self.rotate_keys_days = Some(positive(text, place)?),
            "event_days" => self.event_days = positive(text, place)?,
            _ => return Err(unknown(key, place)),
        }
        Ok(())
    }
}

fn number<N: std::str::FromStr>(text: &str, place: &str, allowed: &str) -> Result<N, ConfigProblem> {
    text.parse().map_err(|_| refuse(place, text, allowed))
}

fn positive<N: std::str::FromStr + PartialOrd + Default>(text: &str, place: &str) -> Result<N, ConfigProblem> {
    let allowed = "a whole number above 0";
    number(text, place, allowed).and_then(|found: N| if found > N::default() { Ok(found) } else { Err(refuse(place, text, allowed)) })
}

fn refuse(place: &str, given: &str, allowed: &str) -> ConfigProblem {
    ConfigProblem(format!("{place} is \"{given}\"; it must be {allowed}."))
}

fn unknown(key: &str, place: &str) -> ConfigProblem {
    let nearest = Config::KEYS.into_iter().min_by_key(|known| strsim::damerau_levenshtein(known, key));
    let hint = nearest
        .filter(|known| strsim::damerau_levenshtein(known, key) <= 3)
        .map_or_else(|| format!("Known settings: {}.", Config::KEYS.join(", ")), |known| format!("Did you mean {known}?"));
    ConfigProblem(format!("There is no setting {place}. {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Config, ConfigProblem> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, file).unwrap();
        let flags: Vec<_> = flags.iter().map(|(key, text)| (*key, (*text).to_owned())).collect();
        let look_up = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, text)| (*text).to_owned());
        Config::from_layers(Some(&path), &look_up, &flags)
    }

    #[test]
    fn later_layers_win() {
        let file = "port = 1\nhost = \"file\"\nissuer = \"file\"";
        let environment = [("CLIENTELA_PORT", "2"), ("CLIENTELA_HOST", "environment")];
        let config = load(file, &environment, &[("port", "3")]).unwrap();
        assert_eq!((config.port, config.host.as_str(), config.issuer.as_str()), (3, "environment", "file"));
        assert_eq!(config.audience, Config::default().audience);
    }

    #[test]
    fn empty_environment_variable_says_nothing() {
        assert_eq!(load("", &[("CLIENTELA_PORT", "")], &[]).unwrap().port, 8080);
    }

    #[test]
    fn unknown_key_names_the_nearest() {
        let error = load("databse_url = \"x\"", &[], &[]).unwrap_err().0;
        assert!(
            error.contains("databse_url") && error.contains("settings.toml") && error.contains("Did you mean database_url?"),
            "{error}"
        );
        assert!(load("zzzzzzzzzzzz = 1", &[], &[]).unwrap_err().0.contains("Known settings: host"));
    }

    #[test]
    fn every_key_is_known_and_every_refusal_names_its_place() {
        for key in Config::KEYS {
            let good = match key {
                "log_format" => "json",
                "public_url" => "https://crm.example",
                "private_addresses" => "true",
                _ => "7",
            };
            assert!(load(&format!("{key} = \"{good}\""), &[], &[]).is_ok(), "{key}");
        }
        for (key, bad) in [
            ("port", "65536"),
            ("connections", "0"),
            ("log_format", "xml"),
            ("public_url", "crm"),
            ("request_seconds", "-1"),
            ("private_addresses", "yes"),
        ] {
            let error = load("", &[(&format!("CLIENTELA_{}", key.to_ascii_uppercase()), bad)], &[]).unwrap_err().0;
            assert!(error.starts_with(&format!("CLIENTELA_{}", key.to_ascii_uppercase())) && error.contains(bad), "{error}");
            assert!(load("", &[], &[(key, bad)]).unwrap_err().0.starts_with(&format!("--{}", key.replace('_', "-"))));
        }
        assert!(load("port = 1.5", &[], &[]).unwrap_err().0.contains("float"));
        assert!(load("port =", &[], &[]).unwrap_err().0.contains("not TOML"));
    }

    #[test]
    fn named_file_must_exist() {
        assert!(Config::from_layers(Some(Path::new("/nowhere/clientela.toml")), &|_| None, &[]).is_err());
    }
}
