//! Columns of text for people.

/// Rows under a head; each column as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self {
            rows: vec![head.iter().map(|it| (*it).to_owned()).collect()],
        }
    }

    pub(crate) fn from_head(head: Vec<String>) -> Self {
        Self { rows: vec![head] }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table as text, one line a row; cells keep their place even where one is coloured.
    pub(crate) fn render(&self) -> String {
        let n_columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..n_columns).map(|at| self.width_of(at)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.extend(std::iter::repeat_n(
                    ' ',
                    width + 2 - width_of(cell).min(*width),
                ));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn width_of(&self, column: usize) -> usize {
        self.rows
            .iter()
            .filter_map(|it| it.get(column))
            .map(|it| width_of(it))
            .max()
            .unwrap_or(0)
    }
}

/// The letters that show: colour codes take no room.
fn width_of(text: &str) -> usize {
    let mut width = 0;
    let mut in_code = false;
    for letter in text.chars() {
        match (in_code, letter) {
            (false, '\u{1b}') => in_code = true,
            (true, 'm') => in_code = false,
            (true, _) => {}
            (false, _) => width += 1,
        }
    }
    width
}

/// One line of at most `width` letters; what is cut off is marked.
pub(crate) fn one_line(text: &str, width: usize) -> String {
    let flat: String = text
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .collect();
    if flat.chars().count() <= width {
        return flat;
    }
    let start: String = flat.chars().take(width.saturating_sub(1)).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_shows() {
        let mut table = Table::new(["a", "b"]);
        table.row(vec!["\u{1b}[31mlong\u{1b}[0m".to_owned(), "x".to_owned()]);
        assert_eq!(table.render(), "a     b\n\u{1b}[31mlong\u{1b}[0m  x\n");
    }

    #[test]
    fn a_long_cell_is_cut_and_says_so() {
        assert_eq!(one_line("a\nbcdef", 4), "a b…");
    }
}
