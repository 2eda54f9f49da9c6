//! The single customer record: parties, accounts, contacts and their roles.
