//! What the first bytes of a file say it is.

use clientela_kernel::{FieldProblem, ProblemCode};

/// A kind of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// Its media type.
    pub(super) media_type: &'static str,
    /// In words.
    name: &'static str,
    /// The media types under which it may come; none where it does no harm under another.
    also: &'static [&'static str],
}

const fn harmless(media_type: &'static str) -> Kind {
    Kind { media_type, name: "", also: &[] }
}

/// By the first bytes. What can run or be shown as a page says under which names it may come.
const MAGIC: &[(&[u8], Kind)] = &[
    (b"\x89PNG\r\n\x1a\n", harmless("image/png")),
    (b"\xff\xd8\xff", harmless("image/jpeg")),
    (b"GIF87a", harmless("image/gif")),
    (b"GIF89a", harmless("image/gif")),
    (b"%PDF-", harmless("application/pdf")),
    (b"PK\x03\x04", harmless("application/zip")),
    (b"\x1f\x8b", harmless("application/gzip")),
    (
        b"MZ\x90\x00",
        Kind {
            media_type: "application/vnd.microsoft.portable-executable",
            name: "a program for Windows",
            also: &[
                "application/vnd.microsoft.portable-executable",
                "application/x-msdownload",
                "application/x-dosexec",
                "application/octet-stream",
            ],
        },
    ),
    (
        b"\x7fELF",
        Kind {
            media_type: "application/x-executable",
            name: "a program for Linux",
            also: &["application/x-executable", "application/x-sharedlib", "application/x-elf", "application/octet-stream"],
        },
    ),
    (
        b"#!/",
        Kind {
            media_type: "text/x-shellscript",
            name: "a script",
            also: &["text/x-shellscript", "application/x-sh", "text/plain", "application/octet-stream"],
        },
    ),
];

const HTML: Kind = Kind {
    media_type: "text/html",
    name: "a page of HTML",
    also: &["text/html", "application/xhtml+xml", "text/plain", "application/octet-stream"],
};
const SVG: Kind = Kind {
    media_type: "image/svg+xml",
    name: "an SVG drawing, which can hold scripts",
    also: &["image/svg+xml", "text/xml", "application/xml", "text/plain", "application/octet-stream"],
};

/// What a content is, where its beginning tells.
pub(super) fn of(head: &[u8]) -> Option<Kind> {
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*kind);
    }
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('<') {
        return None;
    }
    if ["<!doctype html", "<html", "<script", "<head", "<body", "<iframe"].iter().any(|tag| text.starts_with(tag))
        || text.contains("<script")
    {
        return Some(if text.contains("<svg") { SVG } else { HTML });
    }
    text.contains("<svg").then_some(SVG)
}

impl Kind {
    /// Why it may not come under a media type.
    pub(super) fn contradiction(self, media_type: &str) -> Option<FieldProblem> {
        if self.also.is_empty() || self.also.contains(&media_type) {
            return None;
        }
        let text = format!("mediaType is {media_type}, and the bytes are {}. Declare what it is: {}.", self.name, self.media_type);
        Some(FieldProblem::new("/mediaType", ProblemCode::Contradiction, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_do_harm_is_known_under_a_wrong_name() {
        for (head, media_type, fits) in [
            (&b"\x89PNG\r\n\x1a\n\0"[..], "image/png", true),
            (b"\x89PNG\r\n\x1a\n\0", "text/plain", true),
            (b"<!DOCTYPE html><p>", "image/png", false),
            (b"\xef\xbb\xbf \n<html>", "application/pdf", false),
            (b"<html>", "text/html", true),
            (b"<?xml version='1.0'?><svg onload='x'>", "image/png", false),
            (b"<?xml version='1.0'?><svg>", "image/svg+xml", true),
            (b"<?xml version='1.0'?><order/>", "image/png", true),
            (b"MZ\x90\x00\x03", "image/jpeg", false),
            (b"MZ\x90\x00\x03", "application/octet-stream", true),
            (b"#!/bin/sh\n", "application/pdf", false),
            (b"", "image/png", true),
            (b"plain", "image/png", true),
        ] {
            assert_eq!(of(head).and_then(|kind| kind.contradiction(media_type)).is_none(), fits, "{media_type} {head:?}");
        }
        assert_eq!(of(b"%PDF-1.7").map(|kind| kind.media_type), Some("application/pdf"));
        assert_eq!(of(b"a,b\n1,2\n"), None);
    }
}
