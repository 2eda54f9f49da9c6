//! Every contact on every channel, with its participants.
