//! The accessibility tree as JSON, for hosts that would drop it: tests and screen readers find widgets by it.

use egui::accesskit::{Node, NodeId, Toggled, TreeUpdate};
use egui::{Context, FullOutput, Plugin};
use serde::Serialize;

/// Keeps the tree of the last frame.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<(NodeId, Node)>,
    frames: u64,
}

/// One widget, as tests read it.
#[derive(Serialize)]
struct Widget {
    id: String,
    role: String,
    label: Option<String>,
    value: Option<String>,
    rect: Option<[f64; 4]>,
    disabled: bool,
    toggled: Option<bool>,
}

impl Tree {
    /// Begins to keep the tree of `ctx`.
    pub fn install(ctx: &Context) {
        ctx.enable_accesskit();
        ctx.add_plugin(Self::default());
    }

    /// The tree that `ctx` drew last: a JSON list of `{id, role, label, value, rect, disabled, toggled}`.
    pub fn json(ctx: &Context) -> String {
        let text = ctx.with_plugin(|tree: &mut Self| tree.to_json());
        text.unwrap_or_else(|| "[]".to_owned())
    }

    /// How many frames `ctx` has drawn.
    pub fn frames(ctx: &Context) -> u64 {
        ctx.with_plugin(|tree: &mut Self| tree.frames).unwrap_or(0)
    }

    fn to_json(&self) -> String {
        let widgets: Vec<_> = self
            .nodes
            .iter()
            .map(|(id, node)| self.widget(*id, node))
            .collect();
        serde_json::to_string(&widgets).unwrap_or_else(|_| "[]".to_owned())
    }

    fn widget(&self, id: NodeId, node: &Node) -> Widget {
        let rect = node.bounds().map(|it| [it.x0, it.y0, it.x1, it.y1]);
        Widget {
            id: id.0.to_string(),
            role: format!("{:?}", node.role()),
            label: self.label(node),
            value: node.value().map(str::to_owned),
            rect,
            disabled: node.is_disabled(),
            toggled: node.toggled().map(|it| it == Toggled::True),
        }
    }

    /// Its own label, else the text of the widgets that label it.
    fn label(&self, node: &Node) -> Option<String> {
        if let Some(label) = node.label() {
            return Some(label.to_owned());
        }
        let labels = node.labelled_by().iter().filter_map(|id| {
            let (_, label) = self.nodes.iter().find(|(it, _)| it == id)?;
            label.label().or(label.value())
        });
        let text = labels.collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    }
}

impl Plugin for Tree {
    fn debug_name(&self) -> &'static str {
        "accessibility tree"
    }

    /// egui sends the whole tree in every pass.
    fn output_hook(&mut self, _: &Context, output: &mut FullOutput) {
        self.frames += 1;
        if let Some(TreeUpdate { nodes, .. }) = &output.platform_output.accesskit_update {
            self.nodes.clone_from(nodes);
        }
    }
}
