use tandem_sdk::Plugin;
fn main() {
    for tool in tandem_plugin_dataset::Dataset::tools() {
        println!("{} {} {}", tool.name, tool.input_schema.len(), tool.output_schema.as_ref().map_or(0, String::len));
        if std::env::args().nth(1).as_deref() == Some(&tool.name) {
            println!("{}\n{}", tool.input_schema, tool.output_schema.unwrap());
        }
    }
}
