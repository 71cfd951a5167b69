//! Pictures of a workflow.

use super::{super::*, *};

fn finished() -> Run {
    let mut run = Run::new(spec(&[
        json!({ "id": "a" }),
        json!({ "id": "b", "depends_on": ["a"] }),
        json!({ "id": "c", "depends_on": ["a"] }),
        json!({ "id": "d", "depends_on": ["b", "c"] }),
    ]));
    for (step, ms) in [("a", 100), ("b", 20), ("c", 700)] {
        run.turns();
        let fence = run.claim(step);
        run.now += ms;
        run.write(Body::Completed { step: step.into(), fence, output: Output::of(json!(1)) });
    }
    run.turns();
    run
}

#[test]
fn the_graph_has_states_durations_and_the_critical_path() {
    let dag = serde_json::to_value(Dag::of(&finished().state)).unwrap();
    assert_eq!(dag["nodes"][2]["id"], "c");
    assert_eq!(dag["nodes"][2]["duration_ms"], 700);
    assert_eq!(dag["nodes"][2]["state"], "succeeded");
    assert_eq!(dag["nodes"][3], json!({ "id": "d", "tool": "echo", "state": "ready", "depth": 3, "attempt": 1 }));
    assert_eq!(
        dag["edges"],
        json!([
            { "from": "a", "to": "b" },
            { "from": "a", "to": "c" },
            { "from": "b", "to": "d" },
            { "from": "c", "to": "d" }
        ])
    );
    assert_eq!(
        dag["critical_path"],
        json!({ "steps": [{ "id": "a", "duration_ms": 100 }, { "id": "c", "duration_ms": 700 }], "duration_ms": 800 })
    );
}

#[test]
fn nothing_finished_has_no_critical_path() {
    let run = Run::new(spec(&[json!({ "id": "a" })]));
    assert_eq!(Dag::of(&run.state).critical_path, CriticalPath::default());
}

#[test]
fn the_same_graph_for_graphviz_and_mermaid() {
    let dag = Dag::of(&finished().state);
    let dot = dag.to_dot();
    assert!(dot.contains(r##""c" [label="c\necho\nsucceeded\n700 ms", fillcolor="#cdeccd"];"##), "{dot}");
    assert!(dot.contains(r#""a" -> "c" [style=bold];"#) && dot.contains("\"a\" -> \"b\";"), "{dot}");
    let mermaid = dag.to_mermaid();
    assert!(mermaid.contains("n2[\"c<br/>echo<br/>700 ms\"]:::succeeded"), "{mermaid}");
    assert!(mermaid.contains("n0 ==> n2") && mermaid.contains("n0 --> n1"), "{mermaid}");
}

#[test]
fn no_name_becomes_syntax() {
    let nasty = "\"]; x -> y \\N\n<script>&#`";
    let mut document = spec(&[json!({ "id": "end", "tool": nasty })]);
    document["name"] = json!(nasty);
    let dag = Dag::of(&Run::new(document).state);
    let dot = dag.to_dot();
    let escaped = r##"\"]; x -> y \\N <script>&#`"##;
    assert!(dot.starts_with(&format!("digraph \"{escaped}\" {{\n")), "{dot}");
    assert_eq!(dot.matches(escaped).count(), 2, "{dot}");
    let mermaid = dag.to_mermaid();
    let expected = "n0[\"end<br/>#34;#93;#59; x -#62; y #92;N#10;#60;script#62;#38;#35;#96;\"]:::ready";
    assert!(mermaid.contains(expected), "{mermaid}");
}
