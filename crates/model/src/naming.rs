//! One name a thing: every other spelling of a name is derived here and nowhere else.

/// `account_contact` → `accountContact`.
pub fn camel(snake: &str) -> String {
    let mut out = String::with_capacity(snake.len());
    let mut upper = false;
    for letter in snake.chars() {
        if letter == '_' {
            upper = true;
        } else if upper {
            out.extend(letter.to_uppercase());
            upper = false;
        } else {
            out.push(letter);
        }
    }
    out
}

/// `account_contact` or `accountContact` → `AccountContact`.
pub fn pascal(name: &str) -> String {
    let camel = camel(name);
    let mut letters = camel.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `accountContacts` → `account-contacts`.
pub fn kebab(camel: &str) -> String {
    separated(camel, '-')
}

/// `accountContact` → `account_contact`.
pub fn snake(camel: &str) -> String {
    separated(camel, '_')
}

fn separated(camel: &str, separator: char) -> String {
    let mut out = String::with_capacity(camel.len() + 4);
    for letter in camel.chars() {
        if letter.is_uppercase() {
            out.push(separator);
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// `companyCategory` → `company categories`: a phrase for descriptions.
pub fn words(camel: &str) -> String {
    separated(camel, ' ')
}

/// `apiKey` → `an api key`, `user` → `a user`. The u of our names is the one of "unit", which takes no `an`.
pub fn one(camel: &str) -> String {
    let words = words(camel);
    let article = if words.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {words}")
}

/// The regular English plural: `category` → `categories`, `address` → `addresses`.
pub fn plural(singular: &str) -> String {
    let before_last = singular.chars().rev().nth(1).unwrap_or(' ');
    if singular.ends_with('y') && !"aeiou".contains(before_last) {
        format!("{}ies", singular.trim_end_matches('y'))
    } else if ["s", "x", "ch", "sh"].iter().any(|end| singular.ends_with(end)) {
        format!("{singular}es")
    } else {
        format!("{singular}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        assert_eq!(camel("account_contact"), "accountContact");
        assert_eq!(pascal("account_contact"), "AccountContact");
        assert_eq!(pascal("accountContact"), "AccountContact");
        assert_eq!(kebab("accountContacts"), "account-contacts");
        assert_eq!(snake("apiKey"), "api_key");
        assert_eq!([one("apiKey"), one("user"), one("contact")], ["an api key", "a user", "a contact"]);
        assert_eq!(plural("party"), "parties");
        assert_eq!(plural("address"), "addresses");
        assert_eq!(plural("apiKey"), "apiKeys");
    }
}
