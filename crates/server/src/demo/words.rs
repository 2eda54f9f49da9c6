//! The words the demonstration is made of. All invented or as common as can be.

/// Given names.
pub(super) const FIRST_NAMES: [&str; 40] = [
    "Anna",
    "Lukas",
    "Sophie",
    "Elias",
    "Mia",
    "Jakob",
    "Lena",
    "Tobias",
    "Hannah",
    "Felix",
    "Laura",
    "Simon",
    "Julia",
    "David",
    "Katharina",
    "Paul",
    "Eva",
    "Stefan",
    "Nina",
    "Michael",
    "Giulia",
    "Matteo",
    "Chiara",
    "Lorenzo",
    "Élodie",
    "Noé",
    "Zoë",
    "Jürgen",
    "Björn",
    "Ayşe",
    "Emre",
    "Ivana",
    "Petra",
    "Milan",
    "Klára",
    "Ondřej",
    "Réka",
    "Gábor",
    "Maja",
    "Luka",
];

/// Family names.
pub(super) const LAST_NAMES: [&str; 40] = [
    "Gruber",
    "Huber",
    "Bauer",
    "Wagner",
    "Müller",
    "Pichler",
    "Steiner",
    "Moser",
    "Mayer",
    "Hofer",
    "Leitner",
    "Berger",
    "Fuchs",
    "Eder",
    "Fischer",
    "Schmid",
    "Winkler",
    "Weber",
    "Schwarz",
    "Maier",
    "Schneider",
    "Reiter",
    "Brunner",
    "Lang",
    "Baumgartner",
    "Rossi",
    "Ferrari",
    "Bianchi",
    "Keller",
    "Meier",
    "Frei",
    "Zürcher",
    "Yıldız",
    "Kovács",
    "Novák",
    "Horvat",
    "Dvořák",
    "Größl",
    "Lindqvist",
    "Dubois",
];

/// What companies are named after.
pub(super) const STEMS: [&str; 34] = [
    "Edelweiss",
    "Bergblick",
    "Alpenrose",
    "Sonnhof",
    "Murmel",
    "Gletscher",
    "Enzian",
    "Almrausch",
    "Zirbe",
    "Silberhorn",
    "Steinbock",
    "Adler",
    "Lärchenhof",
    "Seeblick",
    "Wildbach",
    "Hochfeld",
    "Föhrenwald",
    "Rosengarten",
    "Kristall",
    "Morgenrot",
    "Lindenhof",
    "Wiesengrund",
    "Mühlbach",
    "Schneeberg",
    "Sonnenalm",
    "Talblick",
    "Birkenhain",
    "Hirschen",
    "Tannenhof",
    "Königsalm",
    "Quellental",
    "Nordwand",
    "Abendstern",
    "Himmelreich",
];

/// What companies do: name before and after the stem, industry, legal form.
pub(super) const TRADES: [(&str, &str, &str, &str); 8] = [
    ("Hotel ", "", "HOSPITALITY", "GmbH"),
    ("Feinkost ", "", "RETAIL", "KG"),
    ("", " Großhandel", "WHOLESALE", "GmbH"),
    ("Bäckerei ", "", "FOOD", "OG"),
    ("Gasthof ", "", "HOSPITALITY", "e.U."),
    ("Klinik ", "", "HEALTHCARE", "GmbH"),
    ("", " Catering", "HOSPITALITY", "GmbH"),
    ("Bioladen ", "", "RETAIL", "GmbH"),
];

/// Towns: name, country, dialing code, time zone, language.
pub(super) const TOWNS: [(&str, &str, &str, &str, &str); 10] = [
    ("Innsbruck", "AT", "+43 512", "Europe/Vienna", "de-AT"),
    ("Salzburg", "AT", "+43 662", "Europe/Vienna", "de-AT"),
    ("Graz", "AT", "+43 316", "Europe/Vienna", "de-AT"),
    ("Wien", "AT", "+43 1", "Europe/Vienna", "de-AT"),
    ("München", "DE", "+49 89", "Europe/Berlin", "de-DE"),
    ("Garmisch-Partenkirchen", "DE", "+49 8821", "Europe/Berlin", "de-DE"),
    ("Zürich", "CH", "+41 44", "Europe/Zurich", "de-CH"),
    ("Davos", "CH", "+41 81", "Europe/Zurich", "de-CH"),
    ("Bolzano", "IT", "+39 0471", "Europe/Rome", "it-IT"),
    ("Trento", "IT", "+39 0461", "Europe/Rome", "it-IT"),
];

/// Where streets lead.
pub(super) const STREETS: [&str; 12] = [
    "Hauptstraße",
    "Bahnhofstraße",
    "Dorfplatz",
    "Kirchgasse",
    "Seepromenade",
    "Am Mühlbach",
    "Industriestraße",
    "Bergweg",
    "Lindenallee",
    "Via Roma",
    "Marktplatz",
    "Talstraße",
];

/// The postal code of each town's center.
pub(super) const POSTAL_CODES: [(&str, &str); 10] = [
    ("Innsbruck", "6020"),
    ("Salzburg", "5020"),
    ("Graz", "8010"),
    ("Wien", "1010"),
    ("München", "80331"),
    ("Garmisch-Partenkirchen", "82467"),
    ("Zürich", "8001"),
    ("Davos", "7270"),
    ("Bolzano", "39100"),
    ("Trento", "38122"),
];

/// The role, job title and department of the first, second and third person of a company.
pub(super) const POSITIONS: [(&str, &str, &str); 3] = [
    ("DECISION_MAKER", "Managing director", "Management"),
    ("BUYER", "Head of purchasing", "Purchasing"),
    ("BILLING_CONTACT", "Accountant", "Finance"),
];

/// Where we know people from.
pub(super) const SOURCES: [&str; 6] =
    ["Trade fair Salzburg", "Web site", "Recommendation", "Cold call", "Tasting in Innsbruck", "Partner referral"];

/// Labels of customers.
pub(super) const TAGS: [&str; 7] =
    ["organic", "seasonal", "key-account", "price-sensitive", "weekly-delivery", "tasting-2025", "newsletter"];

/// What interactions are: weight, kind, direction, channel, least and greatest length in minutes (zero: none).
pub(super) const CONTACTS: [(u32, &str, &str, &str, u32, u32); 11] = [
    (22, "CALL", "OUTBOUND", "PHONE", 3, 25),
    (14, "CALL", "INBOUND", "PHONE", 2, 20),
    (16, "EMAIL", "OUTBOUND", "EMAIL", 0, 0),
    (13, "EMAIL", "INBOUND", "EMAIL", 0, 0),
    (12, "PURCHASE", "INBOUND", "WEB", 0, 0),
    (7, "VISIT", "OUTBOUND", "IN_PERSON", 30, 120),
    (6, "MEETING", "OUTBOUND", "VIDEO", 20, 60),
    (4, "CHAT", "INBOUND", "CHAT", 2, 15),
    (3, "WEB_VISIT", "INBOUND", "WEB", 1, 12),
    (2, "LETTER", "OUTBOUND", "POST", 0, 0),
    (1, "NOTE", "INTERNAL", "OTHER", 0, 0),
];

/// What people talk about, with what comes of it.
pub(super) const TOPICS: [(&str, &str, &str); 12] = [
    ("Price list for the winter season", "List sent; call again next week", "Wants the new list by Friday; asks for 2 % cash discount."),
    (
        "Tasting of the new mountain cheeses",
        "Samples ordered",
        "Liked the twelve-month one best; the goat cheese was too strong for the guests.",
    ),
    (
        "Delivery was late on Tuesday",
        "Apologized; credit of delivery costs agreed",
        "The truck came at eleven instead of six; breakfast was served without butter.",
    ),
    ("Framework agreement for next year", "Draft to be sent", "Expects about the same volume; prices fixed for six months."),
    ("Question about an invoice", "Explained; settled", "The deposit on crates was missing in their books."),
    ("Opening of a second location", "Opportunity to follow up", "Opens in spring; needs breakfast products for eighty beds."),
    (
        "Complaint: broken jars",
        "Replaced with the next delivery",
        "Six of twenty-four jars of honey arrived broken; photographs are attached to the order.",
    ),
    ("Annual review", "Plan for next year agreed", "Went through volumes and returns; both sides content."),
    ("New person in charge of purchasing", "Introduced ourselves", "Wants to see all contracts; prefers e-mail."),
    ("Interest in regional vegetables", "Offer sent", "Asked for potatoes, beets and cabbage from within fifty kilometers."),
    ("Payment reminder", "Promised for the end of the month", "Two invoices open; the season was weak."),
    ("Holiday closing times", "Deliveries adjusted", "Closed for three weeks in November."),
];

/// What is bought.
pub(super) const GOODS: [&str; 8] = [
    "mountain cheese, 12 wheels",
    "butter, 80 kg",
    "honey, 48 jars",
    "speck, 25 kg",
    "rye flour, 200 kg",
    "apple juice, 120 bottles",
    "yogurt, 300 jars",
    "potatoes, 500 kg",
];

/// What colleagues should know: title and Markdown.
pub(super) const NOTES: [(&str, &str); 6] = [
    ("Deliveries", "Ring at the **back door**, and not before seven. The cold store key is with the porter."),
    ("Who decides", "The *chef* chooses, the owner signs. Prices go to both, and never by telephone."),
    ("Holidays", "Closed:\n\n- first three weeks of November\n- the week after Easter"),
    ("Likes and dislikes", "Likes:\n\n- raw-milk cheese\n- anything with rye\n\nNo goat cheese, ever."),
    ("Terms", "Two per cent cash discount within *ten* days, by word of mouth. Please keep to it."),
    ("Parking", "The truck fits in from the north side only; the yard gate is **3.10 m** high."),
];
