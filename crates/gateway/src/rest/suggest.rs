//! "Did you mean …?"

/// How alike two names must be to be worth suggesting, from 0 to 1.
const LIKENESS: f64 = 0.75;

/// The candidate most like `given`, if any is close.
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let scored = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(&given, &candidate.to_lowercase()), candidate));
    scored.filter(|(score, _)| *score >= LIKENESS).max_by(|(left, _), (right, _)| left.total_cmp(right)).map(|(_, candidate)| candidate)
}

/// ` Did you mean x?` where a candidate is close, and ` Allowed: a, b.` otherwise.
pub fn hint<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(given, candidates.clone()) {
        Some(name) => format!(" Did you mean {name}?"),
        None => format!(" Allowed: {}.", candidates.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_suggested_and_far_ones_listed() {
        assert_eq!(nearest("limt", ["sort", "limit"]), Some("limit"));
        assert_eq!(nearest("xyz", ["sort", "limit"]), None);
        assert_eq!(hint("Expnad", ["sort", "expand"]), " Did you mean expand?");
        assert_eq!(hint("q", ["sort", "expand"]), " Allowed: sort, expand.");
    }
}
