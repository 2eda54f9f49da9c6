//! ISO 4217 currencies and their exponents.

use iso_currency::Currency as Iso;

/// Three upper-case letters of ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// A currency ISO 4217 lists, by its upper-case code.
    pub fn parse(code: &str) -> Option<Currency> {
        let iso = Iso::from_code(code)?;
        iso.exponent()?;
        Some(Currency(code.as_bytes().try_into().ok()?))
    }

    /// The code, such as `EUR`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Digits after the decimal point: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u32 {
        Iso::from_code(self.code()).and_then(|iso| iso.exponent()).map_or(2, u32::from)
    }
}
