//! The matrix of a static model: the tensors of a `model.safetensors`, of which only the rows in use are read.

use std::{
    collections::HashMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
};

use half::{bf16, f16};
use safetensors::{
    Dtype,
    tensor::{Metadata, TensorInfo},
};

use tandem_granted_folders::{self as folders, Location};

use crate::{
    fault::{Fault, Result},
    limits::{MAX_DIMENSIONS, MAX_HEADER_BYTES, MAX_MATRIX_ROWS, MAX_SIDE_BYTES, ROW_CACHE_BYTES},
};

/// Bytes before the header: its length.
const PREFIX: u64 = 8;
/// The names of the matrix, by model2vec and by sentence-transformers.
const MATRICES: [&str; 2] = ["embeddings", "embedding.weight"];

/// The vectors of tokens.
pub(crate) struct Matrix {
    file: File,
    path: String,
    dtype: Dtype,
    begin: u64,
    rows: usize,
    dimensions: usize,
    /// What the vector of each token is multiplied by.
    weights: Option<Vec<f32>>,
    /// The row of each token.
    mapping: Option<Vec<usize>>,
    kept: HashMap<usize, Vec<f32>>,
}

impl Matrix {
    /// Opens the file of the model in a folder.
    pub(crate) fn open(folder: &Location) -> Result<Self> {
        let location = folder.join("model.safetensors");
        let (mut file, length) = folders::open("model", &location)?;
        let path = location.path;
        let (metadata, data) = header(&mut file, length, &path)?;
        let found = MATRICES.iter().find_map(|name| Some((*name, metadata.info(name)?)));
        let Some((name, info)) = found else {
            let names = metadata.offset_keys().into_iter().take(10).collect::<Vec<_>>().join(", ");
            return Err(Fault::damaged(
                &path,
                format_args!("it has no tensor `embeddings`, so it is not a static model; its tensors are {names}"),
            ));
        };
        let [rows, dimensions] = *info.shape.as_slice() else {
            return Err(Fault::damaged(&path, format_args!("`{name}` is not a matrix of two dimensions")));
        };
        if dimensions == 0 || dimensions > MAX_DIMENSIONS || rows == 0 || rows > MAX_MATRIX_ROWS {
            return Err(Fault::limit(
                &path,
                format_args!(
                    "`{name}` is {rows} × {dimensions}, and a matrix at most {MAX_MATRIX_ROWS} × {MAX_DIMENSIONS}"
                ),
            ));
        }
        width(info.dtype).ok_or_else(|| {
            Fault::damaged(
                &path,
                format_args!("`{name}` is of type {:?}: F32, F16, BF16, I8 and F64 are read", info.dtype),
            )
        })?;
        let begin = data.saturating_add(info.data_offsets.0 as u64);
        let dtype = info.dtype;
        let weights = side(&mut file, &metadata, "weights", data, &path)?;
        let mapping =
            side(&mut file, &metadata, "mapping", data, &path)?.map(|row| row.into_iter().map(index).collect());
        Ok(Self {
            file,
            path,
            dtype,
            begin,
            rows,
            dimensions,
            weights: weights.map(|weights| weights.into_iter().map(|weight| weight as f32).collect()),
            mapping,
            kept: HashMap::new(),
        })
    }

    /// Numbers of a vector.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Tokens that have a row: fewer than the tokenizer knows is an error.
    pub(crate) fn tokens(&self) -> usize {
        let weights = self.weights.as_ref().map_or(usize::MAX, Vec::len);
        self.mapping.as_ref().map_or(self.rows, Vec::len).min(weights)
    }

    /// Adds the vector of a token to a sum.
    pub(crate) fn add(&mut self, token: u32, sum: &mut [f32]) -> Result<()> {
        let id = token as usize;
        let row = self.mapping.as_ref().map_or(Some(id), |mapping| mapping.get(id).copied());
        let weight = self.weights.as_ref().map_or(Some(1.0), |weights| weights.get(id).copied());
        let (Some(row), Some(weight)) = (row.filter(|row| *row < self.rows), weight) else {
            return Err(Fault::damaged(&self.path, format_args!("token {token} has no row in the matrix")));
        };
        if !self.kept.contains_key(&row) {
            if self.kept.len().saturating_mul(self.dimensions * size_of::<f32>()) > ROW_CACHE_BYTES {
                self.kept.clear();
            }
            let numbers = self.read(row)?;
            if !weight.is_finite() || numbers.iter().any(|number| !number.is_finite()) {
                return Err(Fault::damaged(
                    &self.path,
                    format_args!("the vector of token {token} has a number that is not finite: the model is damaged"),
                ));
            }
            self.kept.insert(row, numbers);
        }
        for (sum, number) in sum.iter_mut().zip(self.kept.get(&row).into_iter().flatten()) {
            *sum += number * weight;
        }
        Ok(())
    }

    fn read(&mut self, row: usize) -> Result<Vec<f32>> {
        let width = width(self.dtype).unwrap_or(1);
        let mut bytes = vec![0; self.dimensions * width];
        let at = self.begin.saturating_add((row as u64).saturating_mul(bytes.len() as u64));
        let read = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(&mut bytes));
        read.map_err(|error| Fault::io(&self.path, error))?;
        Ok(bytes.chunks_exact(width).map(|bytes| number(self.dtype, bytes) as f32).collect())
    }
}

/// The header of the file, and where its data begins.
fn header(file: &mut File, length: u64, path: &str) -> Result<(Metadata, u64)> {
    let failed = |error| Fault::io(path, error);
    let mut prefix = [0; PREFIX as usize];
    file.read_exact(&mut prefix).map_err(failed)?;
    let bytes = u64::from_le_bytes(prefix);
    let data = bytes.saturating_add(PREFIX);
    if data > length {
        return Err(Fault::damaged(
            path,
            format_args!("its header has {bytes} bytes, as it says, and the file {length}"),
        ));
    }
    if bytes > MAX_HEADER_BYTES {
        return Err(Fault::limit(
            path,
            format_args!("its header has {bytes} bytes and that of a static model at most {MAX_HEADER_BYTES}"),
        ));
    }
    let mut json = Vec::new();
    file.take(bytes).read_to_end(&mut json).map_err(failed)?;
    // Whether the tensors fill the data, one after the other and each as long as its shape says, is checked here.
    let metadata: Metadata = serde_json::from_slice(&json)
        .map_err(|error| Fault::damaged(path, format_args!("its header is not that of a safetensors file: {error}")))?;
    let stated = data.saturating_add(metadata.data_len() as u64);
    if stated != length {
        return Err(Fault::damaged(path, format_args!("its tensors end at byte {stated} and the file at {length}")));
    }
    Ok((metadata, data))
}

/// A tensor with one number for each token.
fn side(file: &mut File, metadata: &Metadata, name: &str, data: u64, path: &str) -> Result<Option<Vec<f64>>> {
    let Some(TensorInfo { dtype, shape, data_offsets: (begin, end) }) = metadata.info(name) else { return Ok(None) };
    let bytes = end.saturating_sub(*begin);
    if bytes > MAX_SIDE_BYTES {
        return Err(Fault::limit(path, format_args!("`{name}` has {bytes} bytes and may have {MAX_SIDE_BYTES}")));
    }
    let Some(width) = width(*dtype).filter(|_| shape.len() == 1) else {
        return Err(Fault::damaged(path, format_args!("`{name}` is not a list of numbers")));
    };
    let mut list = vec![0; bytes];
    let at = data.saturating_add(*begin as u64);
    let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut list));
    read.map_err(|error| Fault::io(path, error))?;
    Ok(Some(list.chunks_exact(width).map(|bytes| number(*dtype, bytes)).collect()))
}

/// Bytes of a number of a type that is read.
fn width(dtype: Dtype) -> Option<usize> {
    match dtype {
        Dtype::F64 | Dtype::I64 => Some(8),
        Dtype::F32 | Dtype::I32 => Some(4),
        Dtype::F16 | Dtype::BF16 => Some(2),
        Dtype::I8 => Some(1),
        _ => None,
    }
}

/// A number of a type; what is not read is not a number.
fn number(dtype: Dtype, bytes: &[u8]) -> f64 {
    fn of<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> f64 {
        bytes.try_into().map_or(f64::NAN, read)
    }
    match dtype {
        Dtype::F64 => of(bytes, f64::from_le_bytes),
        Dtype::I64 => of(bytes, |bytes| i64::from_le_bytes(bytes) as f64),
        Dtype::F32 => of(bytes, |bytes| f32::from_le_bytes(bytes).into()),
        Dtype::I32 => of(bytes, |bytes| i32::from_le_bytes(bytes).into()),
        Dtype::F16 => of(bytes, |bytes| f16::from_le_bytes(bytes).into()),
        Dtype::BF16 => of(bytes, |bytes| bf16::from_le_bytes(bytes).into()),
        Dtype::I8 => of(bytes, |bytes| i8::from_le_bytes(bytes).into()),
        _ => f64::NAN,
    }
}

/// The row that a number of the mapping names; one that is none is beyond all.
fn index(number: f64) -> usize {
    if number >= 0.0 && number <= MAX_MATRIX_ROWS as f64 { number as usize } else { usize::MAX }
}
