// A stranger's component: typed exports, nothing of Tandem.

export function reverse(text) {
  return [...text].reverse().join("");
}

export const shapes = {
  area(shape, unit) {
    const scale = unit === "inches" ? 2.54 ** 2 : 1;
    switch (shape.tag) {
      case "circle":
        if (shape.val < 0) throw "a radius is not negative";
        return Math.PI * shape.val ** 2 * scale;
      case "polygon": {
        const twice = shape.val.reduce((sum, { x, y }, i, all) => {
          const next = all[(i + 1) % all.length];
          return sum + x * next.y - next.x * y;
        }, 0);
        return (Math.abs(twice) / 2) * scale;
      }
      default:
        return 0;
    }
  },

  bounds(points) {
    if (points.length === 0) return undefined;
    const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)];
    return [{ x: Math.min(...xs), y: Math.min(...ys) }, { x: Math.max(...xs), y: Math.max(...ys) }];
  },

  sum(values) {
    // The tool chain takes a wide integer back only as a number.
    return [...values].reduce((sum, value) => sum + Number(value), 0);
  },
};
