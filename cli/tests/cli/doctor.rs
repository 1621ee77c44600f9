use crate::program::{pointsman, project};
use std::io::{Read, Write};
use std::net::TcpListener;

/// An admin interface that gives the same answer to everything, as many times as it is asked.
fn answering(response: &'static str, times: usize) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = std::thread::spawn(move || {
        let paths = (0..times).map(|_| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(response.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..read]).lines().next().unwrap().to_owned()
        });
        paths.collect()
    });
    (address, asked)
}

#[test]
fn nothing_installed_is_a_finding() {
    let (address, asked) = answering(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n{\"confi\r\n8\r\ngs\": []}\r\n0\r\n\r\n",
        4,
    );
    let outcome = pointsman(&["doctor", &address]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""));
    assert!(outcome.stdout.starts_with("Envoy of unknown version\n"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("1. all listeners (not-installed)\n   symptom  "), "{}", outcome.stdout);
    assert!(outcome.stdout.ends_with("\n1 finding\n"), "{}", outcome.stdout);
    let paths = [
        "GET /config_dump?include_eds HTTP/1.1",
        "GET /stats?filter=wasm%7Cextension_config%7Clistener_manager%7Ccds.%7Crds.%7Csds. HTTP/1.1",
        "GET /server_info HTTP/1.1",
        "GET /listeners?format=json HTTP/1.1",
    ];
    assert_eq!(asked.join().unwrap(), paths);
}

#[test]
fn machines_get_json() {
    let (address, asked) = answering("HTTP/1.1 200 OK\r\n\r\n{\"configs\": []}", 4);
    let outcome = pointsman(&["doctor", "--output", "json", &format!("http://{address}/admin/")]);
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((outcome.code, report["findings"][0]["code"].as_str()), (Some(1), Some("not-installed")));
    assert_eq!(asked.join().unwrap()[3], "GET /admin/listeners?format=json HTTP/1.1");
}

#[test]
fn who_cannot_be_asked_is_exit_code_2() {
    for (answer, expected) in [
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "was answered with 403"),
        ("HTTP/1.1 200 OK\r\n\r\n<html>", "the answer is no config dump of Envoy's"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", "the answer is no HTTP, or is cut off"),
        ("220 smtp.example\r\n", "the answer is no HTTP, or is cut off"),
    ] {
        let (address, asked) = answering(answer, 1);
        let outcome = pointsman(&["doctor", &address]);
        asked.join().unwrap();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{answer}");
        assert!(
            outcome.stderr.starts_with(&format!("error: `{address}`: ")) && outcome.stderr.contains(expected),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn addresses_are_checked() {
    for (address, expected) in [
        ("15000", "error: `15000`: expected HOST:PORT or a URL with a port, such as 127.0.0.1:15000\n"),
        (
            "https://127.0.0.1:15000",
            "error: `https://127.0.0.1:15000`: only http can be asked; use a port-forward or a tunnel\n",
        ),
    ] {
        let outcome = pointsman(&["doctor", address]);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(2), expected));
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let outcome = pointsman(&["doctor", &free]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("cannot ask Envoy's admin interface: "), "{}", outcome.stderr);
}

#[test]
fn every_finding_is_in_the_docs() {
    let docs = std::fs::read_to_string(project().join("docs/doctor.md")).unwrap();
    let mut codes = 0;
    for file in std::fs::read_dir(project().join("cli/src/doctor/findings")).unwrap() {
        let file = file.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        for start in ["code: \"", "wrong(\"", "wrong(\n            \""] {
            for code in text.split(start).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(docs.contains(&format!("`{code}`")), "{code}");
                codes += 1;
            }
        }
    }
    assert!(codes > 35, "{codes}");
}
