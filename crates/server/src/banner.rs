//! What `serve` says when it is ready.

use crate::demo_tokens::DemoTokens;
use serde_json::{Value as Json, json};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where everything is.
pub(crate) struct Links<'a> {
    /// The server's address, without a trailing slash.
    pub(crate) url: &'a str,
    /// Tokens of the demonstration tenant.
    pub(crate) tokens: Option<&'a DemoTokens>,
    /// Whether there is no tenant yet.
    pub(crate) empty: bool,
}

/// The address a client on this machine uses.
pub(crate) fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

impl Links<'_> {
    fn rest(&self) -> String {
        format!("{}/v1", self.url)
    }

    fn graphql(&self) -> String {
        format!("{}/graphql", self.url)
    }

    /// One object for programs.
    pub(crate) fn json(&self) -> Json {
        let tokens = self.tokens.map_or_else(|| json!({}), |tokens| json!({"admin": tokens.admin, "reader": tokens.reader}));
        json!({
            "url": self.url,
            "rest": self.rest(),
            "graphql": self.graphql(),
            "docs": format!("{}/docs", self.url),
            "graphiql": format!("{}/graphiql", self.url),
            "tokens": tokens,
        })
    }

    /// The banner for people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "Clientela {} is ready.\n\n  REST      {}\n  GraphQL   {}\n  GraphiQL  {url}/graphiql\n  Docs      {url}/docs\n",
            env!("CARGO_PKG_VERSION"),
            self.rest(),
            self.graphql(),
            url = self.url,
        );
        if let Some(tokens) = self.tokens {
            text.push_str(&format!(
                "\nTokens of the demonstration tenant (30 days):\n\n  reads and writes\n{}\n\n  only reads\n{}\n\nTry:\n\n{}\n\n{}\n",
                tokens.admin,
                tokens.reader,
                curl_rest(&self.rest(), &tokens.reader),
                curl_graphql(&self.graphql(), &tokens.reader),
            ));
        } else if self.empty {
            text.push_str(
                "\nThere is no tenant yet. Make one with its first user, and get a token:\n\n  clientela tenant create --name \"My company\" --email me@example.com\n\n\
                 Use the same --data or --database-url. Or look around first: clientela serve --demo --data ./demo_data\n",
            );
        } else {
            text.push_str("\nGet a token: clientela token --user EMAIL\n");
        }
        text
    }
}

fn curl_rest(rest: &str, token: &str) -> String {
    format!("curl -s '{rest}/contacts?limit=3' -H 'Authorization: Bearer {token}'")
}

fn curl_graphql(graphql: &str, token: &str) -> String {
    let body = r#"{"query":"{ accounts(first: 3) { nodes { name contacts(first: 2) { nodes { name } } } } }"}"#;
    format!("curl -s '{graphql}' -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' -d '{body}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_one_that_this_machine_can_open() {
        for (address, expected) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:80", "http://[::1]:80"),
            ("[::1]:80", "http://[::1]:80"),
        ] {
            assert_eq!(url(address.parse().unwrap()), expected);
        }
    }

    #[test]
    fn who_has_no_tenant_is_told_how_to_make_one() {
        let links = Links { url: "http://x", tokens: None, empty: true };
        assert!(links.text().contains("clientela tenant create"));
        assert_eq!(links.json()["tokens"], json!({}));
    }
}
