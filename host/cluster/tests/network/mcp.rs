//! MCP as a peer of another make speaks it.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::kit::{Host, STOPPED, ask, config, peer, receive, send};

fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn structured_results_are_text_too_and_tools_say_all_of_themselves() {
    let host = Host::start(&config()).await;
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    let call = |name: &str| request(1, "tools/call", json!({"name": name, "arguments": {"n": 1}}));
    let answer = ask(&mut stream, call("echo")).await["result"].clone();
    assert_eq!(answer["content"], json!([{"type": "text", "text": "{\"n\":1}"}]), "{answer}");
    assert_eq!((&answer["structuredContent"], &answer["resultType"]), (&json!({"n": 1}), &json!("complete")));
    // One that is long is there once.
    let answer = ask(&mut stream, call("large")).await["result"].clone();
    assert_eq!(answer["structuredContent"]["text"].as_str().map(str::len), Some(900_000));
    assert!(answer["content"][0]["text"].as_str().is_some_and(|text| text.contains("structuredContent")));
    let (mut cursor, mut names) = (Value::Null, Vec::new());
    loop {
        let page = ask(&mut stream, request(2, "tools/list", json!({"cursor": cursor}))).await["result"].clone();
        for tool in page["tools"].as_array().unwrap() {
            names.push(tool["name"].as_str().unwrap().to_owned());
            let of = |key: &str| tool[key].clone();
            assert_eq!((of("title"), of("outputSchema")), (json!("Answers"), json!({"type": "object"})), "{tool}");
            assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        }
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(names.len(), 252, "each of them once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_eras_begin_as_they_do_over_http() {
    let host = Host::start(&config()).await;
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    for (asked, answered) in
        [("2025-06-18", "2025-06-18"), ("2026-07-28", "2025-11-25"), ("2024-01-01", "2025-11-25"), ("", "2025-11-25")]
    {
        let answer = ask(&mut stream, request(1, "initialize", json!({"protocolVersion": asked}))).await;
        assert_eq!(answer["result"]["protocolVersion"], answered, "{answer}");
    }
    let answer = ask(&mut stream, request(2, "server/discover", json!({}))).await["result"].clone();
    assert!(answer["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")), "{answer}");
    assert_eq!((&answer["resultType"], &answer["cacheScope"]), (&json!("complete"), &json!("private")), "{answer}");
    assert_eq!(answer["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "tandem", "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_is_told_and_a_request_that_is_given_up_is_stopped_and_not_answered() {
    let host = Host::start(&config()).await;
    let mut peer = peer(&host).await;
    for (id, other) in [(json!("7"), json!(7)), (json!(7), json!("7"))] {
        let mut stream = peer.stream().await;
        let stopped = STOPPED.load(Ordering::SeqCst);
        let params = json!({"name": "slow", "arguments": {"counted": true}, "_meta": {"progressToken": "mine"}});
        send(&mut stream, request(id.clone(), "tools/call", params).to_string().as_bytes()).await;
        let mut steps = Vec::new();
        while steps.len() < 3 {
            let told = receive(&mut stream).await.unwrap();
            assert_eq!((&told["method"], &told["id"]), (&json!("notifications/progress"), &Value::Null), "{told}");
            assert_eq!((&told["params"]["progressToken"], &told["params"]["total"]), (&json!("mine"), &json!(4.0)));
            steps.push(told["params"]["progress"].as_f64().unwrap());
        }
        assert_eq!(steps, [1.0, 2.0, 3.0]);
        let give_up = |id: &Value| {
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}).to_string()
        };
        // Another id is another request, also where it looks the same.
        send(&mut stream, give_up(&other).as_bytes()).await;
        assert_eq!(ask(&mut stream, request(8, "ping", json!({}))).await["id"], 8);
        assert_eq!(STOPPED.load(Ordering::SeqCst), stopped, "it goes on");
        send(&mut stream, give_up(&id).as_bytes()).await;
        let end = Instant::now() + Duration::from_secs(20);
        while STOPPED.load(Ordering::SeqCst) == stopped {
            assert!(Instant::now() < end, "it is stopped long before its own end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // What comes next on the stream is the answer to what is asked next.
        assert_eq!(ask(&mut stream, request(9, "ping", json!({}))).await["id"], 9);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_progress_token_is_bounded() {
    let host = Host::start(&config()).await;
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    for wrong in [json!("x".repeat(1_025)), json!({}), json!([1]), json!(true)] {
        let params = json!({"name": "echo", "arguments": {}, "_meta": {"progressToken": wrong}});
        let answer = ask(&mut stream, request(1, "tools/call", params)).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn integers_beyond_64_bits_come_with_their_place_and_are_rounded_nowhere() {
    let host = Host::start(&config()).await;
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    let number = "18446744073709551616";
    let frames = [
        format!(r#"{{"id":1,"method":"tools/call","params":{{"name":"wide","arguments":{{"a":[{number}]}}}}}}"#),
        format!(r#"{{"id":1,"tool":"wide","args":{{"a":[{number}]}}}}"#),
        format!(r#"{{"id":1,"tool":"wide","arguments":{{"a":[{number}]}}}}"#),
    ];
    for frame in frames {
        send(&mut stream, frame.as_bytes()).await;
        let answer = receive(&mut stream).await.unwrap();
        let result = &answer["result"];
        assert_eq!(result["structuredContent"]["at"], "/a/0", "{frame}: {answer}");
    }
    let fits = json!({"name": "wide", "arguments": {"a": [u64::MAX, i64::MIN, 0.1, 1e22]}});
    let answer = ask(&mut stream, request(2, "tools/call", fits)).await;
    assert_eq!(answer["result"]["structuredContent"], json!({"at": null}), "{answer}");
    // What no tool gets has no use for such a number.
    let finish = format!(
        r#"{{"id":3,"method":"tasks/finish","params":{{"id":"x","fence":1,"outcome":"ok","result":{{"n":-{number}}}}}}}"#
    );
    send(&mut stream, finish.as_bytes()).await;
    let answer = receive(&mut stream).await.unwrap();
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().starts_with("/params/result/n "), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_peer_of_typed_bodies_calls_tools_by_their_names() {
    let host = Host::start(&config()).await;
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    // The bytes of the older Python peer: every field, also those that are null.
    let body = |method: &str, params: &str| {
        format!(
            r#"{{"type":"request","method":"{method}","params":{params},"id":"{method}_1782680000.5","result":null,"error":null,"sender":"12D3KooWOlder","timestamp":1782680000.5}}"#
        )
    };
    send(&mut stream, body("echo", r#"{"n":1}"#).as_bytes()).await;
    let answer = receive(&mut stream).await.unwrap();
    assert_eq!((&answer["type"], &answer["method"]), (&json!("response"), &json!("echo")), "{answer}");
    assert_eq!((&answer["id"], &answer["result"]), (&json!("echo_1782680000.5"), &json!({"n": 1})), "{answer}");
    assert_eq!(answer["error"], Value::Null, "{answer}");
    send(&mut stream, body("tools/list", "{}").as_bytes()).await;
    let answer = receive(&mut stream).await.unwrap();
    assert!(answer["result"]["tools"].as_array().is_some_and(|tools| !tools.is_empty()), "{answer}");
    send(&mut stream, body("no_such_tool", "{}").as_bytes()).await;
    let answer = receive(&mut stream).await.unwrap();
    assert!(answer["error"].as_str().is_some_and(|error| error.contains("no_such_tool")), "{answer}");
    assert_eq!((&answer["id"], &answer["result"]), (&json!("no_such_tool_1782680000.5"), &Value::Null), "{answer}");
}
