//! Stand-ins, in a toy form, until drawings and the space of networks land in their crates.

use nn_graph::*;
pub(crate) mod draw { use nn_graph::Network; pub(crate) fn svg(n:&Network)->String{format!("<svg>{}</svg>",n.len())} pub(crate) fn dot(_:&Network)->String{"digraph{}".into()} }
pub(crate) struct NetworkSpace(otmann::Metric);
impl NetworkSpace { pub(crate) fn new(k: Kind, _c: Constraints)->Result<Self, nasbot_opt::Error>{Ok(Self(otmann::Metric::for_kind(k)))} }
fn net(units:u32)->Network{ Network::new(Kind::Cnn, vec![Layer::plain(Op::Ip),Layer::conv(Op::Conv3,units,1),Layer::dense(Op::Fc,16),Layer::plain(Op::Softmax),Layer::plain(Op::Op)], (0..4).map(|i|(i,i+1))).unwrap() }
impl nasbot_opt::Space for NetworkSpace { type Candidate=Network; fn metric(&self)->&otmann::Metric{&self.0} fn profile(&self,n:&Network)->Result<otmann::Profile,otmann::Error>{self.0.profile(n)}
 fn initial<R: rand::Rng+?Sized>(&self,_r:&mut R)->Vec<Network>{ vec![net(8),net(16)] }
 fn mutate<R: rand::Rng+?Sized>(&self,p:&Network,r:&mut R)->Option<Network>{ use rand::RngExt as _; let _=p; Some(net(r.random_range(1..100))) }
 fn hash(&self,c:&Network)->u128{ u128::from(c.layers()[1].units.unwrap()) } }
