//! Weighs the words of texts by BM25.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use tandem_granted_folders::{Folders, Location};

use crate::{
    fault::{Fault, Result},
    input::Input,
    limits::MAX_INLINE_NUMBERS,
    new_file::NewFile,
    rows::{Lines, text_of},
    terms::Statistics,
    watch::Watch,
};

/// What is weighed, against what, and where it goes.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) texts: Vec<String>,
    pub(crate) path: Option<&'a str>,
    pub(crate) collection: Option<&'a str>,
    pub(crate) text_column: &'a str,
    pub(crate) k1: f64,
    pub(crate) b: f64,
    pub(crate) top: u32,
    pub(crate) to: Option<&'a str>,
    pub(crate) overwrite: bool,
}

/// A word and its weight.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Weighted {
    /// The word in lower case.
    term: String,
    /// Its BM25 weight: that of a query is the sum of the weights of its words.
    weight: f32,
}

/// The sparse vectors of texts.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Sparse {
    /// Texts that were weighed.
    texts: u64,
    /// Documents of the collection.
    documents: u64,
    /// Different words of the collection.
    terms: usize,
    /// Words of a document of the collection, on average.
    average_words: f64,
    /// One for each text, in their order: its words, the heaviest first; none where a file was written.
    vectors: Vec<Vec<Weighted>>,
    /// The file that was written, with the words in the column `terms` and their weights in `weights`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// Weighs the words of each text.
pub(crate) fn sparse(request: Request<'_>, watch: &Watch<'_>) -> Result<Sparse> {
    let folders = Folders::granted();
    let mut input = Input::new(request.texts, request.path, &folders)?;
    let column = request.text_column;
    let mut statistics = Statistics::default();
    match request.collection.or(request.path) {
        Some(path) => {
            let argument = if request.collection.is_some() { "collection" } else { "path" };
            collect(argument, &folders.locate(argument, path)?, column, &mut statistics, watch)?;
        }
        None => input.texts().try_for_each(|text| statistics.add(text))?,
    }
    let mut file = match request.to {
        Some(to) => Some(NewFile::create(&folders.locate("to", to)?, request.overwrite)?),
        None => None,
    };
    let (mut vectors, mut texts, mut numbers) = (Vec::new(), 0, 0);
    while let Some((text, mut row)) = input.next(column)? {
        let mut weights = statistics.weigh(&text, request.k1, request.b);
        weights.truncate(request.top as usize);
        texts += 1;
        watch.tick(texts, "texts")?;
        if let Some(file) = file.as_mut() {
            put(&mut row, weights);
            file.row(&row)?;
            continue;
        }
        numbers += weights.len();
        if numbers > MAX_INLINE_NUMBERS {
            return Err(Fault::Limit(format!(
                "the vectors have more than {MAX_INLINE_NUMBERS} words, the bound of an answer: give `to` to write them to a file, or a lower `top`"
            )));
        }
        vectors.push(weights.into_iter().map(|(term, weight)| Weighted { term, weight }).collect());
    }
    let path = file.as_ref().map(|file| file.path().to_owned());
    file.map_or(Ok(()), NewFile::commit)?;
    let (documents, terms, average_words) = (statistics.documents, statistics.terms(), statistics.average());
    Ok(Sparse { texts, documents, terms, average_words, vectors, path })
}

/// Counts the rows of a file.
fn collect(
    argument: &str,
    location: &Location,
    column: &str,
    statistics: &mut Statistics,
    watch: &Watch<'_>,
) -> Result<()> {
    let mut lines = Lines::open(argument, location)?;
    while let Some(row) = lines.row()? {
        statistics.add(text_of(&lines, &row, column)?)?;
        watch.tick(statistics.documents, "documents")?;
    }
    Ok(())
}

fn put(row: &mut Map<String, Value>, weights: Vec<(String, f32)>) {
    let (terms, weights): (Vec<String>, Vec<f32>) = weights.into_iter().unzip();
    row.insert("terms".to_owned(), terms.into());
    row.insert("weights".to_owned(), weights.into());
}
