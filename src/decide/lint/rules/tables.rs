//! Tables: for data with headings, for layout with a role that says so.

use crate::decide::lint::html::{Element, Html};
use crate::decide::lint::{Letter, Level, Rule, Spot};

pub(in crate::decide::lint) const LAYOUT: Rule = Rule {
    name: "table-layout",
    level: Level::Warn,
    judge: |letter, _, _| {
        let sentence = "Say `role=\"presentation\"` on a table that only lays out: it is read aloud cell by cell.";
        let fixed = |table: &Element| {
            let end = table.source.trim_end_matches('>');
            Spot::fixed(
                &*table.source,
                sentence,
                &table.source,
                format!("{end} role=\"presentation\">"),
            )
        };
        let is_layout =
            |html: &Html, table: &Element| !has_role(table) && !has_headings(html, table) && !is_data(html, table);
        of_tables(letter, is_layout).into_iter().map(fixed).collect()
    },
};

pub(in crate::decide::lint) const DATA: Rule = Rule {
    name: "table-without-headings",
    level: Level::Warn,
    judge: |letter, _, _| {
        let is_unheaded =
            |html: &Html, table: &Element| !has_role(table) && !has_headings(html, table) && is_data(html, table);
        let sentence = "Make the first cells headings (`th`): a reader who hears a number must hear what it counts.";
        let found = of_tables(letter, is_unheaded).into_iter();
        found.map(|table| Spot::new(&*table.source, sentence)).collect()
    },
};

fn has_role(table: &Element) -> bool {
    table
        .get("role")
        .is_some_and(|role| ["presentation", "none"].contains(&role.trim()))
}

fn has_headings(html: &Html, table: &Element) -> bool {
    html.inside(table).iter().any(|element| element.name == "th")
}

/// Short cells in several rows and columns, and no table or picture in them.
fn is_data(html: &Html, table: &Element) -> bool {
    let inside = html.inside(table);
    let count = |name: &str| inside.iter().filter(|element| element.name == name).count();
    let (rows, cells) = (count("tr"), count("td"));
    let is_short = |cell: &Element| html.text_of(cell).chars().count() <= 40;
    let is_plain = count("table") + count("img") == 0;
    is_plain && rows >= 2 && cells >= rows * 2 && inside.iter().filter(|cell| cell.name == "td").all(is_short)
}

fn of_tables(letter: &Letter, is_wanted: impl Fn(&Html, &Element) -> bool) -> Vec<&Element> {
    let Some(html) = &letter.html else {
        return Vec::new();
    };
    html.named("table").filter(|table| is_wanted(html, table)).collect()
}

#[cfg(test)]
mod tests {
    use crate::decide::lint::tests::{NONE, in_html};

    const DATA: &str = "<tr><td>Mon</td><td>9</td></tr><tr><td>Tue</td><td>10</td></tr></table>";

    #[test]
    fn a_layout_table_says_so() {
        let layout = "<table width=600><tr><td><img src=a alt=a></td></tr></table>";
        assert_eq!(in_html("table-layout", layout), ["<table width=600>"]);
        assert_eq!(
            in_html("table-layout", "<table role=presentation><tr><td>a</td></tr></table>"),
            NONE
        );
        assert_eq!(in_html("table-layout", &format!("<table>{DATA}")), NONE);
    }

    #[test]
    fn a_data_table_has_headings() {
        assert_eq!(
            in_html("table-without-headings", &format!("<table border=1>{DATA}")),
            ["<table border=1>"]
        );
        assert_eq!(
            in_html(
                "table-without-headings",
                &format!("<table><tr><th>Day<th>Hour</tr>{DATA}")
            ),
            NONE
        );
    }
}
