//! The binary: serve, migrate, token, schema.
