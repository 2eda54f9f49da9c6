//! The tenant itself and the five people who work there.

use super::Planting;
use super::dice::Mint;
use clientela_kernel::{Id, fold::fold};
use serde_json::json;

/// A colleague.
pub(super) struct User {
    pub(super) id: Id,
    pub(super) name: &'static str,
    title: &'static str,
    zone: &'static str,
    language: &'static str,
    extension: u32,
    /// Position of the manager in the staff.
    manager: Option<usize>,
}

impl User {
    pub(super) fn email(&self) -> String {
        // The dotless i is a letter of its own to folding.
        format!("{}@alpine-foods.example", fold(self.name).replace('ı', "i").replace(' ', "."))
    }

    pub(super) fn wire_id(&self) -> String {
        self.id.to_text("usr")
    }
}

/// The staff, managers before those who report to them.
pub(super) fn hire(mint: &mut Mint) -> Vec<User> {
    let mut person =
        |name, title, zone, language, extension, manager| User { id: mint.next(), name, title, zone, language, extension, manager };
    vec![
        person("Maria Huber", "Head of sales", "Europe/Vienna", "de-AT", 100, None),
        person("Lukas Steiner", "Key account manager", "Europe/Vienna", "de-AT", 110, Some(0)),
        person("Sophie Wagner", "Sales representative, Germany and Switzerland", "Europe/Berlin", "de-DE", 120, Some(0)),
        person("Marco Rossi", "Sales representative, Italy", "Europe/Rome", "it-IT", 130, Some(0)),
        person("Elif Yılmaz", "Customer service", "Europe/Vienna", "de-AT", 111, Some(1)),
    ]
}

/// One step for each level of the hierarchy.
pub(super) fn plantings(staff: &[User]) -> Vec<Vec<Planting>> {
    let level = |user: &User| -> usize {
        let mut level = 0;
        let mut manager = user.manager;
        while let Some(above) = manager.and_then(|index| staff.get(index)) {
            level += 1;
            manager = above.manager;
        }
        level
    };
    let mut steps: Vec<Vec<Planting>> = Vec::new();
    for user in staff {
        let level = level(user);
        steps.resize_with(steps.len().max(level + 1), Vec::new);
        let body = json!({
            "id": user.wire_id(),
            "name": user.name,
            "email": user.email(),
            "title": user.title,
            "phone": format!("+43 512 5550 {}", user.extension),
            "timeZone": user.zone,
            "language": user.language,
            "managerId": user.manager.and_then(|index| staff.get(index)).map(User::wire_id),
        });
        if let Some(step) = steps.get_mut(level) {
            step.push(Planting::new("user", body));
        }
    }
    steps
}

/// The tenant.
pub(super) fn tenant(id: Id) -> Planting {
    let body = json!({
        "id": id.to_text("ten"),
        "name": "Alpine Foods GmbH",
        "timeZone": "Europe/Vienna",
        "currency": "EUR",
        "language": "de-AT",
        "country": "AT",
    });
    Planting::new("tenant", body)
}
