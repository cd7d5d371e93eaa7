//! Small tables of aligned text. Cells are user data and are cleaned; no cell is folded or wrapped.

use super::text::{clean, pad, width};
use super::theme::{Role, Theme};

/// The rows under their headings, columns aligned by what a terminal shows, two spaces between them. A column whose
/// every cell is empty is left out.
pub fn render(headings: &[&str], rows: &[Vec<String>], theme: Theme) -> String {
    let cell = |row: &[String], column: usize| -> String {
        row.get(column).map(|cell| clean(cell).into_owned()).unwrap_or_default()
    };
    let columns: Vec<(usize, &str, usize)> = headings
        .iter()
        .enumerate()
        .filter_map(|(column, heading)| {
            let widest = rows.iter().map(|row| width(&cell(row, column))).max()?;
            (widest > 0).then(|| (column, *heading, widest.max(width(heading))))
        })
        .collect();

    let mut out = String::new();
    let heading = line(columns.iter().map(|(_, heading, wide)| ((*heading).to_owned(), *wide)));
    out.push_str(&theme.paint(Role::Strong, heading).to_string());
    out.push('\n');
    for row in rows {
        out.push_str(&line(columns.iter().map(|(column, _, wide)| (cell(row, *column), *wide))));
        out.push('\n');
    }
    out
}

fn line(cells: impl Iterator<Item = (String, usize)>) -> String {
    let cells: Vec<String> = cells.map(|(text, wide)| pad(&text, wide)).collect();
    cells.join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_what_is_shown_and_empty_ones_go() {
        let rows = [
            vec!["日本".to_owned(), String::new(), "x".to_owned()],
            vec!["a".to_owned(), String::new(), "y".to_owned()],
        ];
        assert_eq!(
            render(&["NAME", "NONE", "LAST"], &rows, Theme::plain()),
            "NAME  LAST\n日本  x\na     y\n"
        );
    }
}
