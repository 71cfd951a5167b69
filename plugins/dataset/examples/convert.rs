//! Converts a table outside of a host: `cargo run -p tandem-plugin-dataset --example convert -- examples/data elements.csv
//! elements.parquet`. The folder is granted for the call, the other two are files in it.

use tandem_plugin_dataset::{
    Error, Result,
    call::{Call, Output},
    files::Files,
    meter::Unwatched,
    steps::Table,
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, from, to] = arguments.as_slice() else {
        return Err(Error::invalid("usage: convert FOLDER FROM TO"));
    };
    let folder = std::path::absolute(folder).map_err(|error| Error::io(folder, error))?;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let root = folder.parent().map(std::path::Path::to_path_buf).unwrap_or_default();
    let files = Files::new(root, [name.clone()]);
    let table = Table { path: Some(format!("{name}/{from}")), rows: None, format: None, types: None, csv: None };
    let output = Output { path: format!("{name}/{to}"), format: None, overwrite: true, csv: None };
    let saved = Call::new(&files, &Unwatched).save(table, output)?;
    println!("{} rows, {} bytes", saved.rows, saved.bytes);
    Ok(())
}
