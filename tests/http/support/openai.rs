//! A stand-in that answers as OpenAI does on every text endpoint, a character a chunk when it streams.
//! It says back what it was told; the name of the model chooses what goes wrong.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::standin::{Answer, Received, StandIn, chunk, completion};

/// Starts the stand-in.
pub(crate) fn openai() -> StandIn {
    let busy = AtomicUsize::new(0);
    let began = Mutex::new(None::<std::time::Instant>);
    StandIn::new(move |request| {
        let path = request.head.split_whitespace().nth(1).unwrap_or_default().to_owned();
        if path.starts_with("/v1/models") {
            let model = json!({"id": "gpt-4o", "object": "model", "created": 1, "owned_by": "x"});
            return Answer::json(200, &json!({"object": "list", "data": [model]}));
        }
        let body = request.json();
        let error = |status: u16, code: &str| {
            let error = json!({"message": format!("about {}", request.last_text()), "type": "t", "param": null, "code": code});
            Answer::json(status, &json!({ "error": error }))
        };
        match body["model"].as_str().unwrap_or_default() {
            "fault-401" => return error(401, "invalid_api_key"),
            "fault-404" => return error(404, "model_not_found"),
            "fault-429" => return error(429, "rate_limit_exceeded"),
            "fault-500" => return error(500, "server_error"),
            // Twice too busy; a client that comes back too early is told so.
            "busy" => {
                let mut began = began.lock().unwrap();
                if let Some(began) = *began
                    && began.elapsed() < std::time::Duration::from_secs(1)
                {
                    return error(400, "came_back_too_early");
                }
                if busy.fetch_add(1, Ordering::SeqCst) < 2 {
                    *began = Some(std::time::Instant::now());
                    let headers = vec![("retry-after", "1".to_owned())];
                    let body = json!({"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}});
                    return Answer::Http(429, headers, body.to_string().into_bytes());
                }
            }
            "cut" => {
                let first = chunk(0, json!({"role": "assistant", "content": "So "}), None);
                return Answer::Stream(Box::new([first.into_bytes()].into_iter()), false);
            }
            _ => {}
        }
        match path.as_str() {
            "/v1/chat/completions" => chat(request, &body),
            "/v1/completions" => completions(&body),
            "/v1/responses" => responses(&body),
            "/v1/embeddings" => embeddings(&body),
            "/v1/moderations" => Answer::json(
                200,
                &json!({"id": "modr-1", "model": "m", "results": [{"flagged": false, "categories": {}, "category_scores": {}, "category_applied_input_types": {}}]}),
            ),
            _ => error(404, "not_found"),
        }
    })
}

fn placeholder(text: &str) -> String {
    let (_, rest) = text.split_once("[NAME_").unwrap();
    format!("[NAME_{}]", rest.split(']').next().unwrap())
}

fn characters(text: &str) -> impl Iterator<Item = String> {
    text.chars().map(String::from).collect::<Vec<_>>().into_iter()
}

/// The message that answers `body`, and why it ends.
fn message(request: &Received, body: &Value) -> (Value, &'static str) {
    let last = request.last_text();
    if body["tools"].is_array() && body["messages"].as_array().unwrap().len() == 1 {
        let arguments = json!({"patient": placeholder(&last), "note": "he said \"hi\""});
        let name = &body["tools"][0]["function"]["name"];
        let function = json!({"name": name, "arguments": arguments.to_string()});
        let call = json!({"id": "call_1", "type": "function", "function": function});
        return (json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls");
    }
    let content = if body["response_format"]["type"] == "json_schema" {
        json!({"patient": placeholder(&last), "summary": last}).to_string()
    } else {
        last
    };
    (json!({"role": "assistant", "content": content, "refusal": null}), "stop")
}

fn chat(request: &Received, body: &Value) -> Answer {
    let (message, finish) = message(request, body);
    let count = body["n"].as_u64().unwrap_or(1);
    if body["stream"] != true {
        let messages: Vec<_> = (0..count).map(|_| message.clone()).collect();
        let mut reply = completion(&messages);
        for choice in reply["choices"].as_array_mut().unwrap() {
            choice["finish_reason"] = json!(finish);
        }
        return Answer::json(200, &reply);
    }
    let mut events = Vec::new();
    for index in 0..count {
        events.push(chunk(index, json!({"role": "assistant", "content": ""}), None));
    }
    if let Some(call) = message["tool_calls"].get(0) {
        let mut first = call.clone();
        first["index"] = json!(0);
        first["function"]["arguments"] = json!("");
        events.push(chunk(0, json!({"tool_calls": [first]}), None));
        let arguments = call["function"]["arguments"].as_str().unwrap();
        events.extend(characters(arguments).map(|c| {
            let piece = json!({"index": 0, "function": {"arguments": c}});
            chunk(0, json!({"tool_calls": [piece]}), None)
        }));
    }
    for c in characters(message["content"].as_str().unwrap_or_default()) {
        events.extend((0..count).map(|index| chunk(index, json!({ "content": c }), None)));
    }
    events.extend((0..count).map(|index| chunk(index, json!({}), Some(finish))));
    if body["stream_options"]["include_usage"] == true {
        let usage = json!({"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21});
        let last = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage});
        events.push(format!("data: {last}\n\n"));
    }
    events.push("data: [DONE]\n\n".to_owned());
    Answer::events(events)
}

fn completions(body: &Value) -> Answer {
    let text = body["prompt"].as_str().unwrap_or_default();
    let piece = |text: &str, finish: Value| json!({"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": [{"index": 0, "text": text, "logprobs": null, "finish_reason": finish}]});
    if body["stream"] != true {
        return Answer::json(200, &piece(text, json!("stop")));
    }
    let mut events: Vec<_> =
        characters(text).map(|c| format!("data: {}\n\n", piece(&c, Value::Null))).collect();
    events.push(format!("data: {}\n\n", piece("", json!("stop"))));
    events.push("data: [DONE]\n\n".to_owned());
    Answer::events(events)
}

fn embeddings(body: &Value) -> Answer {
    // The SDKs ask for base64 by themselves: two floats, 0.5 and -1.
    let vector = if body["encoding_format"] == "base64" {
        json!("AAAAPwAAgL8=")
    } else {
        json!([0.5, -1.0])
    };
    let count = body["input"].as_array().map_or(1, Vec::len);
    let data: Vec<_> = (0..count)
        .map(|index| json!({"object": "embedding", "index": index, "embedding": vector}))
        .collect();
    Answer::json(
        200,
        &json!({"object": "list", "model": "e", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}),
    )
}

fn responses(body: &Value) -> Answer {
    let input = &body["input"];
    let last = input.as_array().and_then(|items| items.last()).unwrap_or(input);
    let text = [last, &last["content"], &last["output"], &last["content"][0]["text"]]
        .iter()
        .find_map(|value| value.as_str())
        .unwrap_or_default()
        .to_owned();
    let calls = body["tools"].is_array() && last.get("output").is_none();
    let item = if calls {
        let arguments = json!({"patient": placeholder(&text)}).to_string();
        json!({"type": "function_call", "id": "fc_1", "call_id": "call_1", "status": "completed", "name": body["tools"][0]["name"], "arguments": arguments})
    } else {
        let text = if body["text"]["format"]["type"] == "json_schema" {
            json!({"patient": placeholder(&text), "summary": text}).to_string()
        } else {
            text
        };
        json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]})
    };
    let response = |status: &str, output: Value| {
        json!({"id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": "gpt-4o", "output": output,
            "parallel_tool_calls": true, "tool_choice": "auto", "tools": [], "error": null, "incomplete_details": null, "instructions": null, "metadata": {}, "temperature": 1.0, "top_p": 1.0})
    };
    let whole = response("completed", json!([item]));
    if body["stream"] != true {
        return Answer::json(200, &whole);
    }
    let mut number = 0;
    let mut event = |kind: &str, mut fields: Value| {
        fields["type"] = json!(kind);
        fields["sequence_number"] = json!(number);
        number += 1;
        format!("event: {kind}\ndata: {fields}\n\n")
    };
    let mut events =
        vec![event("response.created", json!({"response": response("in_progress", json!([]))}))];
    let mut begun = item.clone();
    let place = json!({"item_id": item["id"], "output_index": 0, "content_index": 0});
    let with = |key: &str, value: &str| {
        let mut fields = place.clone();
        fields[key] = json!(value);
        fields
    };
    if let Some(arguments) = item["arguments"].as_str() {
        begun["arguments"] = json!("");
        events.push(event("response.output_item.added", json!({"output_index": 0, "item": begun})));
        for c in characters(arguments) {
            events.push(event("response.function_call_arguments.delta", with("delta", &c)));
        }
        let mut done = with("arguments", arguments);
        done["name"] = item["name"].clone();
        events.push(event("response.function_call_arguments.done", done));
    } else {
        let part = item["content"][0].clone();
        let text = part["text"].as_str().unwrap();
        begun["content"] = json!([]);
        events.push(event("response.output_item.added", json!({"output_index": 0, "item": begun})));
        let mut empty = place.clone();
        empty["part"] =
            json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []});
        events.push(event("response.content_part.added", empty));
        for c in characters(text) {
            let mut fields = with("delta", &c);
            fields["logprobs"] = json!([]);
            events.push(event("response.output_text.delta", fields));
        }
        let mut done = with("text", text);
        done["logprobs"] = json!([]);
        events.push(event("response.output_text.done", done));
        let mut done = place.clone();
        done["part"] = part;
        events.push(event("response.content_part.done", done));
    }
    events.push(event("response.output_item.done", json!({"output_index": 0, "item": item})));
    events.push(event("response.completed", json!({ "response": whole })));
    Answer::events(events)
}
