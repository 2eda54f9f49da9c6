//! What the server says of itself: RFC 8414 and RFC 9728.

use super::{AuthorizationServer, GrantType};
use serde_json::{Value as Json, json};

const METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

impl AuthorizationServer {
    /// The address it is known by, without a trailing slash.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// `/.well-known/oauth-authorization-server`.
    pub fn metadata(&self) -> Json {
        let issuer = &self.0.issuer;
        let with_none: Vec<&str> = METHODS.into_iter().chain(["none"]).collect();
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/oauth/authorize"),
            "token_endpoint": format!("{issuer}/oauth/token"),
            "device_authorization_endpoint": format!("{issuer}/oauth/device_authorization"),
            "introspection_endpoint": format!("{issuer}/oauth/introspect"),
            "revocation_endpoint": format!("{issuer}/oauth/revoke"),
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "scopes_supported": ["read", "write", "sensitive"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": GrantType::ALL.map(GrantType::as_str),
            "token_endpoint_auth_methods_supported": with_none,
            "introspection_endpoint_auth_methods_supported": METHODS,
            "revocation_endpoint_auth_methods_supported": with_none,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "service_documentation": format!("{issuer}/docs"),
        })
    }

    /// `/.well-known/oauth-protected-resource`.
    pub fn resource(&self) -> Json {
        let issuer = &self.0.issuer;
        json!({
            "resource": issuer,
            "resource_name": "Clientela",
            "authorization_servers": [issuer],
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "scopes_supported": ["read", "write", "sensitive"],
            "bearer_methods_supported": ["header"],
            "resource_documentation": format!("{issuer}/docs"),
        })
    }
}
