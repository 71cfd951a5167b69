//! A part of a graph as a drawing.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use quick_xml::escape::escape;
use tandem_sdk::prelude::*;

use crate::graph::{Graph, Key};
use crate::limits::{MAX_DRAWN_NAMES, MAX_DRAWN_RELATIONSHIPS, MAX_LABEL_CHARS};
use crate::model::{Drawing, Entity, Language};
use crate::neighbours::{Direction, Links, Steps};

/// What is drawn.
pub(crate) struct Request<'a> {
    pub(crate) language: Language,
    pub(crate) names: &'a [String],
    pub(crate) depth: u32,
    pub(crate) limit: usize,
}

/// A relationship by the places of its ends in the list of entities.
type Line<'g> = (usize, &'g str, usize);

/// The entities and relationships of a drawing.
struct Picture<'g> {
    entities: Vec<&'g Entity>,
    relationships: Vec<Line<'g>>,
}

/// Draws the entities around some, or those with the most relationships.
pub(crate) fn draw(ctx: &Ctx, graph: &Graph, request: &Request<'_>) -> Result<Drawing> {
    if request.names.len() > MAX_DRAWN_NAMES {
        return Err(Error::invalid_arguments(format!(
            "`names` has {} items; the bound is {MAX_DRAWN_NAMES}: give fewer and a greater `depth`",
            request.names.len()
        )));
    }
    let (entities, more_entities) = choose(ctx, graph, request)?;
    let (relationships, more_relationships) = between(ctx, graph, &entities)?;
    let picture = Picture { entities, relationships };
    let text = match request.language {
        Language::Mermaid => mermaid(&picture),
        Language::Dot => dot(&picture),
        Language::Svg => svg(&picture),
    };
    Ok(Drawing {
        format: request.language,
        entities: picture.entities.len() as u64,
        relationships: picture.relationships.len() as u64,
        truncated: more_entities || more_relationships,
        text: text.map_err(Error::other)?,
    })
}

fn choose<'g>(ctx: &Ctx, graph: &'g Graph, request: &Request<'_>) -> Result<(Vec<&'g Entity>, bool)> {
    if request.names.is_empty() {
        let mut degrees: HashMap<&str, usize> = HashMap::new();
        for key in graph.relationships.keys() {
            *degrees.entry(&key.0).or_default() += 1;
            *degrees.entry(&key.2).or_default() += 1;
        }
        let degree = |entity: &&Entity| degrees.get(entity.name.as_str()).copied().unwrap_or_default();
        let mut all: Vec<&Entity> = graph.entities.values().collect();
        // The sort keeps the order by name.
        all.sort_by_key(|entity| std::cmp::Reverse(degree(entity)));
        let more = all.len() > request.limit;
        all.truncate(request.limit);
        return Ok((all, more));
    }
    let mut chosen: Vec<&Entity> = Vec::new();
    for name in request.names.iter().collect::<BTreeSet<_>>() {
        chosen.push(graph.entity(name)?);
    }
    let starts: Vec<&str> = chosen.iter().map(|entity| entity.name.as_str()).collect();
    let room = request.limit.saturating_sub(starts.len());
    let links = Links::of(graph, Direction::Any, &[]);
    let (reached, more) = links.around(ctx, &starts, request.depth, room)?;
    chosen.extend(reached.iter().filter_map(|reached| graph.entities.get(reached.name)));
    let too_many = chosen.len() > request.limit;
    chosen.truncate(request.limit);
    Ok((chosen, more || too_many))
}

/// The relationships between entities.
fn between<'g>(ctx: &Ctx, graph: &'g Graph, entities: &[&Entity]) -> Result<(Vec<Line<'g>>, bool)> {
    let places: HashMap<&str, usize> =
        entities.iter().enumerate().map(|(at, entity)| (entity.name.as_str(), at)).collect();
    let mut steps = Steps::new(ctx);
    let mut found = Vec::new();
    for key in graph.relationships.keys() {
        steps.step()?;
        let (from, kind, to): &Key = key;
        if let (Some(from), Some(to)) = (places.get(from.as_str()), places.get(to.as_str())) {
            if found.len() >= MAX_DRAWN_RELATIONSHIPS {
                return Ok((found, true));
            }
            found.push((*from, kind.as_str(), *to));
        }
    }
    Ok((found, false))
}

/// The beginning of a text without line ends and what no drawing has a sign for.
fn label(text: &str) -> String {
    let sign = |c: char| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c };
    let mut label: String = text.chars().take(MAX_LABEL_CHARS).map(sign).collect();
    if text.chars().nth(MAX_LABEL_CHARS).is_some() {
        label.push('…');
    }
    label
}

fn mermaid(picture: &Picture<'_>) -> Result<String, std::fmt::Error> {
    // Whatever means something to Mermaid, Markdown or HTML is written by its number.
    let quoted = |text: &str| {
        label(text).chars().fold(String::new(), |mut out, c| {
            if c.is_ascii_punctuation() && !matches!(c, '-' | '_' | '.' | ',' | ':' | '/' | '(' | ')') {
                let _ = write!(out, "#{};", u32::from(c));
            } else {
                out.push(c);
            }
            out
        })
    };
    let mut out = "flowchart LR\n".to_owned();
    for (at, entity) in picture.entities.iter().enumerate() {
        writeln!(out, "    n{at}[\"{}<br/>({})\"]", quoted(&entity.name), quoted(&entity.kind))?;
    }
    for (from, kind, to) in &picture.relationships {
        writeln!(out, "    n{from} -->|\"{}\"| n{to}", quoted(kind))?;
    }
    Ok(out)
}

fn dot(picture: &Picture<'_>) -> Result<String, std::fmt::Error> {
    let quoted = |text: &str| label(text).replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;");
    let mut out = "digraph {\n    rankdir=LR;\n    node [shape=box];\n".to_owned();
    for (at, entity) in picture.entities.iter().enumerate() {
        writeln!(out, "    n{at} [label=\"{}\\n({})\"];", quoted(&entity.name), quoted(&entity.kind))?;
    }
    for (from, kind, to) in &picture.relationships {
        writeln!(out, "    n{from} -> n{to} [label=\"{}\"];", quoted(kind))?;
    }
    out.push_str("}\n");
    Ok(out)
}

/// Room around the circle, for names.
const MARGIN: f64 = 180.0;
/// How long a loop is.
const LOOP: f64 = 40.0;
/// Of the circle for each entity.
const SPACING: f64 = 40.0;

fn svg(picture: &Picture<'_>) -> Result<String, std::fmt::Error> {
    let count = picture.entities.len().max(1) as f64;
    let radius = (count * SPACING / std::f64::consts::TAU).max(90.0);
    let (centre, size) = (radius + MARGIN, 2.0 * (radius + MARGIN));
    let angle = |at: usize| at as f64 / count * std::f64::consts::TAU;
    let place = |at: usize| (centre + radius * angle(at).cos(), centre + radius * angle(at).sin());
    let text = |text: &str| escape(label(text)).into_owned();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{size:.0}\" height=\"{size:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"14\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">\
         <path d=\"M0 0L8 4L0 8z\" fill=\"#888\"/></marker></defs>\n"
    );
    for (from, kind, to) in &picture.relationships {
        let ((x1, y1), (x2, y2)) = (place(*from), place(*to));
        // Curves bend to the middle; a relationship of an entity with itself is a loop to the middle.
        let (path, x, y) = if from == to {
            let (inward, across) =
                ((-angle(*from).cos(), -angle(*from).sin()), (angle(*from).sin(), -angle(*from).cos()));
            let side = |by: f64| (x1 + LOOP * inward.0 + by * across.0, y1 + LOOP * inward.1 + by * across.1);
            let ((xa, ya), (xb, yb)) = (side(LOOP / 2.0), side(-LOOP / 2.0));
            let path = format!("M{x1:.1} {y1:.1}C{xa:.1} {ya:.1} {xb:.1} {yb:.1} {x1:.1} {y1:.1}");
            (path, x1 + LOOP * inward.0, y1 + LOOP * inward.1)
        } else {
            let (x, y) = ((x1 + x2 + centre) / 3.0, (y1 + y2 + centre) / 3.0);
            // Labels are nearer to the start: those of all lines would meet in the middle.
            let third = |a: f64, control: f64, b: f64| 0.49 * a + 0.42 * control + 0.09 * b;
            (format!("M{x1:.1} {y1:.1}Q{x:.1} {y:.1} {x2:.1} {y2:.1}"), third(x1, x, x2), third(y1, y, y2))
        };
        writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"#888\" marker-end=\"url(#arrow)\"/>")?;
        let kind = text(kind);
        writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"#555\" font-size=\"10\" text-anchor=\"middle\">{kind}</text>"
        )?;
    }
    for (at, entity) in picture.entities.iter().enumerate() {
        let (x, y) = place(at);
        let (anchor, shift) = if x < centre - 1.0 { ("end", -10.0) } else { ("start", 10.0) };
        let (name, kind, x_text, y_text) = (text(&entity.name), text(&entity.kind), x + shift, y + 4.0);
        writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\" fill=\"#36c\"><title>{kind}</title></circle>")?;
        writeln!(out, "<text x=\"{x_text:.1}\" y=\"{y_text:.1}\" text-anchor=\"{anchor}\">{name}</text>")?;
    }
    out.push_str("</svg>\n");
    Ok(out)
}
