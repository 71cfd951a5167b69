//! The transformations of a page's coordinates.

/// `[a b c d e f]` of a PDF.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix(pub(crate) [f32; 6]);

impl Matrix {
    pub(crate) const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub(crate) fn shift(x: f32, y: f32) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// This one first, then `after`.
    pub(crate) fn then(self, after: Self) -> Self {
        let Self([a, b, c, d, e, f]) = self;
        let Self([g, h, i, j, k, l]) = after;
        Self([a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l])
    }

    /// Where the origin goes.
    pub(crate) fn origin(self) -> (f32, f32) {
        let Self([.., x, y]) = self;
        (x, y)
    }

    /// How long a step along x, and one along y, become.
    pub(crate) fn scale(self) -> (f32, f32) {
        let Self([a, b, c, d, ..]) = self;
        (a.hypot(b), c.hypot(d))
    }
}
