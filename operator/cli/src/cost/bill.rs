//! A bill in CSV, as Cost Explorer and Cost and Usage Reports export it, and what of it is compared.

use std::{fs::File, io::Read, path::Path};

use anyhow::{Context, Result};
use csv::{ReaderBuilder, StringRecord};
use flate2::read::MultiGzDecoder;
use trail_operator_domain::cost::{BillRow, Compared, Service, bill_rows};

/// Reads the rows. Reports come compressed.
pub(super) fn read(path: &Path, only_service: Option<Service>) -> Result<Vec<BillRow>> {
    let what = || format!("--compare-bill: cannot read {}", path.display());
    let file = File::open(path).with_context(what)?;
    let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
    let source: Box<dyn Read> = if is_gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut table = ReaderBuilder::new().flexible(true).from_reader(source);
    let header = table.headers().with_context(what)?.clone();
    let rows = table.records().collect::<Result<Vec<StringRecord>, _>>().with_context(what)?;
    // Exports of Cost Explorer begin with the mark of UTF-8.
    let header: Vec<&str> = header.iter().map(|name| name.trim_start_matches('\u{feff}')).collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().collect()).collect();
    bill_rows(&header, &rows, only_service).map_err(anyhow::Error::msg).with_context(what)
}

/// Without services that the bill has nothing of: exports often hold some only.
pub(super) fn of_its_services(mut compared: Vec<Compared>) -> Vec<Compared> {
    let is_billed = |row: &&Compared| row.billed_quantity.is_some() || !row.billed.is_zero();
    let services: Vec<_> = compared.iter().filter(is_billed).map(|row| row.component.service()).collect();
    compared.retain(|row| services.contains(&row.component.service()));
    compared
}
