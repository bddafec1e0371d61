//! OTMANN: exact optimal-transport distances between labelled DAGs such as neural networks
