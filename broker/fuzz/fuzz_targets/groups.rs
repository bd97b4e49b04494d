#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| barnabas_fuzz::groups::run(data));
