"""How two classes of networks relate: what separates one from another."""
