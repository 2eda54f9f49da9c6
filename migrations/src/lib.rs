//! The schema, step by step, for both databases.
